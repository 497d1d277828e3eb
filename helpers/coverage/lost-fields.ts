import type { JudgedLine } from './judge-lines.ts';

/** Which event lines are compared with which, and when a field of one counts as told. */
interface Comparison {
  readonly sortOf: (line: JudgedLine['taken']['line'], type: string) => string;
  readonly isTold: (value: unknown) => boolean;
}

/** Fields that each line of a sort tells, and those that any does. */
function fieldsBySort(lines: readonly JudgedLine[], { sortOf, isTold }: Comparison) {
  const told = lines.flatMap(({ taken: { line, events } }) =>
    events.map((event) => ({
      sort: sortOf(line, event.type),
      fields: new Set(
        Object.entries(event).flatMap(([name, value]) => (isTold(value) ? name : [])),
      ),
    })),
  );
  return new Map(
    [...Map.groupBy(told, ({ sort }) => sort)].map(([sort, all]) => {
      const fields = all.map((one) => one.fields);
      const any = fields.reduce((union, one) => union.union(one), new Set<string>());
      const each = fields.reduce((common, one) => common.intersection(one), any);
      return [sort, { any, each }];
    }),
  );
}

/** Fields that every event line of a sort told before, and none tells now. A sort without a line now has lost nothing. */
export function lostBySort(
  now: readonly JudgedLine[],
  before: readonly JudgedLine[],
  comparison: Comparison,
): readonly { readonly sort: string; readonly fields: string }[] {
  const told = fieldsBySort(now, comparison);
  return [...fieldsBySort(before, comparison)].flatMap(([sort, { each }]) => {
    const lost = [...each.difference(told.get(sort)?.any ?? each)];
    return lost.length === 0 ? [] : [{ sort, fields: lost.join(', ') }];
  });
}
