import { fail, inconclusive, type Judgement, pass, worst } from '../criteria/judgement.ts';
import type { Figure } from '../settings/thresholds.ts';
import {
  BY_CGROUP,
  DECISION_FAMILIES,
  DROP_FAMILIES,
  labelledDelta,
  type Series,
  scrapeDelta,
} from '../soak/counters.ts';
import type { Others } from '../soak/measured.ts';
import { type CountedScrape, othersBetween } from './counted-scrape.ts';
import type { JudgedLine } from './judge-lines.ts';
import type { Line } from './table.ts';
import type { WantedEvent } from './wanted-event.ts';
import type { Watermark } from './watermark.ts';

/** The table taken once, between two scrapes. */
export interface CountedTable {
  readonly judged: readonly JudgedLine[];
  readonly before: CountedScrape;
  readonly after: CountedScrape;
  /** What was told of opens and connects of ours between them that are no line of the table. */
  readonly controls: ReturnType<Watermark['controls']>;
}

/** What a counter told, and what the event lines add up to in it. */
interface Check {
  readonly told: Figure;
  readonly of: string;
  /** Those of our routes alone: whatever others do, a right counter has them. */
  readonly ours: number;
  readonly least: number;
  readonly most: number;
  readonly besideOthers: boolean;
}

/**
 * Every counter of decisions moved by as many as the routes that it counts made event lines. An attempt without its event is
 * the concern of its own criterion.
 */
export function judgeCounters(
  table: CountedTable,
  wanted: (line: Line) => WantedEvent,
  source: string,
): Judgement {
  const controls = table.controls.map((taken) => ({ taken }));
  // A file that could not be made has no rule, and no event either.
  const made = [...table.judged, ...controls]
    .filter(({ taken }) => taken.events.length > 0)
    .map((one) => madeBy(one, wanted(one.taken.line)));
  const lines = linesOf(made);
  const drops = scrapeDelta(scrapesOf(table), DROP_FAMILIES);
  if (!drops.known) return inconclusive(drops.reason, { source: drops.source });
  const text = `${lines} event lines of our processes, ${drops.value} drops`;
  const measured = { value: lines, unit: 'event lines', source };
  if (drops.value > 0) return fail(`${text}: they do not agree`, measured);
  if (lines === 0) return inconclusive(`${text}: there is nothing to compare`, measured);
  const checks = [...totals(table, made), ...bySeries(table, made)];
  const late = linesOf(made.filter(({ isLate }) => isLate));
  const [first, ...rest] = checks.map((check) => judged(check, late, source));
  const judgement = worst([first as Judgement, ...rest]);
  return judgement.verdict === 'pass'
    ? pass(`${text}; ${checks.length} counters agree with them`, measured)
    : judgement;
}

const scrapesOf = ({ before, after }: CountedTable) => ({
  before: before.scrape,
  after: after.scrape,
});

interface Made {
  readonly lines: number;
  readonly isLate: boolean;
  readonly isNet: boolean;
  /** Where they are counted besides the totals; undefined for what no rule of ours concerns. */
  readonly series: readonly Series[] | undefined;
  readonly cgroup: Series | undefined;
}

interface Told extends Pick<JudgedLine, 'isLate'>, Partial<Pick<JudgedLine, 'verdict'>> {
  readonly taken: CountedTable['controls'][number];
}

function madeBy({ taken, verdict, isLate = false }: Told, wanted: WantedEvent): Made {
  const { line, events, actor } = taken;
  const process = actor?.kind === 'child' ? actor.parent : actor?.process;
  const id = process?.cgroup?.id;
  return {
    ...{ lines: events.length, isLate, isNet: wanted.fields.type !== 'block' },
    // What a route that this version does not promise met on its way may be of another rule.
    series: line.expected === 'denied' && verdict !== 'not run' ? wanted.series : undefined,
    cgroup:
      id === undefined || wanted.program !== undefined
        ? undefined
        : [BY_CGROUP, 'cgroup_id', String(id)],
  };
}

const linesOf = (made: readonly { readonly lines: number }[]) =>
  made.reduce((sum, { lines }) => sum + lines, 0);

/** File decisions with routes to files, network decisions with those to addresses and ports. */
function totals(table: CountedTable, made: readonly Made[]): Check[] {
  return ([false, true] as const).map((isNet) => {
    const others = othersBetween(table.before, table.after, isNet ? 'net' : 'file');
    const ours = linesOf(made.filter((one) => one.isNet === isNet));
    const told = scrapeDelta(scrapesOf(table), [DECISION_FAMILIES[isNet ? 1 : 0]]);
    const of = `of ${isNet ? 'network' : 'file'} routes${others.most === 0 ? '' : ' and of others'}`;
    return {
      ...{ told, of, ours, least: ours + others.least, most: ours + others.most },
      besideOthers: others.most > 0,
    };
  });
}

/** By inode, address, port and cgroup. */
function bySeries(table: CountedTable, made: readonly Made[]): Check[] {
  const most = (family: keyof Others) => othersBetween(table.before, table.after, family).most;
  const others = most('file') + most('net');
  // Of these nobody knows which series they moved.
  const loose = linesOf(made.filter(({ series }) => series === undefined)) + others;
  const entries = made.flatMap(({ lines, isNet, series, cgroup }) =>
    series === undefined || lines === 0
      ? []
      : [
          ...series.map((of) => ({ of, lines, isCertain: true })),
          // By cgroup not every version may count connects (docs/agent-contract.md §9.1).
          ...(cgroup === undefined ? [] : [{ of: cgroup, lines, isCertain: !isNet }]),
        ],
  );
  return [...Map.groupBy(entries, ({ of }) => of.join(' ')).values()]
    .flatMap((ones) =>
      ones.slice(0, 1).map(({ of: series }) => {
        const ours = linesOf(ones.filter(({ isCertain }) => isCertain));
        return {
          told: labelledDelta(scrapesOf(table), ...series),
          of: 'of our routes to it',
          ...{ ours, least: ours, most: linesOf(ones) + loose, besideOthers: others > 0 },
        };
      }),
    )
    .filter(({ least }) => least > 0);
}

/** @param late lines that may be of other routes than they are told of. */
function judged(check: Check, late: number, source: string): Judgement {
  const { told, of, ours, least, most, besideOthers } = check;
  if (!told.known) return inconclusive(told.reason, { source: told.source });
  const measured = { value: told.value, limit: least, unit: 'decisions', source };
  const lines = least === most ? `${least}` : `${least} to ${most}`;
  const text = `${told.source} grew by ${told.value}, and the event lines ${of} are ${lines}`;
  if (told.value >= least && told.value <= most) return pass(text, measured);
  // More lines of others may be under way than we think.
  const mayBeRight = told.value >= ours - late && (besideOthers || told.value <= most + late);
  const beside = late > 0 ? `${late} lines that came late` : 'decisions of others';
  return mayBeRight
    ? inconclusive(`${text}: they do not agree, beside ${beside}`, measured)
    : fail(`${text}: they do not agree`, measured);
}
