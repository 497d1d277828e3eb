import { z } from 'zod';
import { inconclusive, type Judgement, pass } from '../criteria/judgement.ts';

/** A table that the agent keeps in the kernel, and how many entries it had at one moment. */
const table = z.object({
  /** Of the map, for the kernel. */
  id: z.int(),
  name: z.string(),
  entries: z.int(),
  /** So many fit. */
  most: z.int(),
  /** It has an entry of the process that counts, some of whose threads end, and of one beside it that ends none. */
  hasThreaded: z.boolean(),
  hasSingle: z.boolean(),
});
export type Table = z.output<typeof table>;

/** What the tables held before, behind processes that were started and ended, and behind threads. */
export const countedTables = z.union([
  z.object({
    before: z.array(table),
    behindProcesses: z.array(table),
    behindThreads: z.array(table),
  }),
  z.object({ failed: z.string() }),
]);
export type CountedTables = z.output<typeof countedTables>;

/** What the process that starts and ends others is told. */
export interface TablesOrder {
  /** The agent's. */
  readonly pid: number;
  /** So many processes, and then as many threads. */
  readonly times: number;
}

/** What else goes on a host starts and ends processes too, but not as many in these seconds. */
const KEPT_SHARE = 0.5;

/** A table that keeps entries of what has ended. */
export interface Kept {
  readonly name: string;
  readonly entries: number;
  readonly most: number;
}

/** Tables that hold more than they did, by as many as half of what has ended meanwhile. */
export function keptIn(
  before: readonly Table[],
  behind: readonly Table[],
  times: number,
): readonly Kept[] {
  return behind.flatMap(({ id, name, entries, most }) => {
    const grown = entries - (before.find((one) => one.id === id)?.entries ?? entries);
    return grown >= times * KEPT_SHARE ? [{ name, entries: grown, most }] : [];
  });
}

/** In words, for a finding. @param what ended. */
export const keptText = (kept: readonly Kept[], times: number, what: string): string =>
  kept
    .map(
      ({ name, entries, most }) =>
        `${entries} of ${times} ${what} that had ended are still in the agent's table ${name}; it has room for ${most}, and is full once as many have been started`,
    )
    .join('; ');

/** Names of tables that knew two living processes, and only know the one that has ended no thread. */
export function forgottenIn(
  before: readonly Table[],
  behindThreads: readonly Table[],
): readonly string[] {
  const known = before.filter((one) => one.hasThreaded && one.hasSingle).map(({ id }) => id);
  return behindThreads.flatMap(({ id, name, hasThreaded, hasSingle }) =>
    known.includes(id) && hasSingle && !hasThreaded ? [name] : [],
  );
}

/** Where no table keeps any. */
export function judgeTables(tables: readonly Table[], times: number, source: string): Judgement {
  const { length } = tables;
  const living = tables.some((one) => one.hasThreaded && one.hasSingle)
    ? ', or forgets a living process with them'
    : '; none has an entry of a process that lives, so nothing is said of those';
  const measured = { value: 0, limit: 0, unit: 'tables', source };
  return length === 0
    ? inconclusive('no table of the agent can be counted: it holds no hash map open', { source })
    : pass(
        `none of ${length} tables keeps entries of ${times} processes or ${times} threads that have ended${living}`,
        measured,
      );
}
