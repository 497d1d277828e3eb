import { z } from 'zod';
import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import { counted } from '../text/counted.ts';
import { isRefused } from './kept-routes.ts';
import type { Answer } from './site.ts';
import { BY_DENIED_NAME, type Line, lineText } from './table.ts';

/** How many attempts ended so: by errno, or `let through`. */
export const outcomes = z.record(z.string(), z.int());
export type Outcomes = z.output<typeof outcomes>;

/** What the process that fills the rings is told at its start, and then for each turn. */
export interface FloodOrder {
  readonly path: string;
  readonly address: string;
  readonly port: number;
}
export interface FloodTurn {
  readonly what: 'open' | 'connect';
  readonly times: number;
}

/** What the agent counted until one moment; undefined where its metrics did not tell. */
interface Counts {
  /** Lines on files, and lines on the network: an agent may have a ring for each. */
  readonly dropped: { readonly file: number; readonly network: number };
  readonly decisions: number;
  /** Lines on denied files by the gauge of the ring that is meant for them, which alerts rest on; the endpoint alone tells it. */
  readonly priority?: number | undefined;
}

/** A line of the table, taken while the event lines were read, and again while the ring was full. */
interface TakenTwice {
  readonly line: Line;
  readonly read: Answer | string;
  readonly full: Answer | string;
}

/** What happened while nobody read the agent's event lines. */
export interface FullRing {
  /** One open of a denied file before that; and one connect to a denied address, where it was refused. */
  readonly before: Outcomes;
  /** Those that filled the rings. */
  readonly flood: Outcomes;
  readonly routes: readonly TakenTwice[];
  /** Event lines of all of these, once they are read again. */
  readonly told: number;
  readonly counts: {
    readonly start: Counts | undefined;
    /** Once the agent had dropped lines, before the routes and behind them. */
    readonly full: Counts | undefined;
    readonly behindRoutes: Counts | undefined;
    readonly end: Counts | undefined;
  };
}

/** A program that is denied by its name is counted as no drop (docs/agent-contract.md §9.1). */
const isCounted = ({ route }: Line) => !BY_DENIED_NAME.includes(route);
const outcomeOf = (answer: Answer | string) => {
  if (typeof answer === 'string') return answer;
  return answer.outcome === 'passed' ? 'went through' : `met ${answer.errno}`;
};

const droppedBetween = (from: Counts, to: Counts) =>
  to.dropped.file + to.dropped.network - from.dropped.file - from.dropped.network;
/** A shorter line may find room where a longer one found none. */
const MOST_ROUTES_TOLD = 0.1;

/** No decision depends on who reads the event lines: denials hold, and what has no line is counted as dropped. */
export function judgeFullRing(met: FullRing, source: string): Judgement {
  const { before, flood, routes, told, counts } = met;
  const made = (of: Outcomes) => Object.values(of).reduce((sum, count) => sum + count, 0);
  const otherwise = (of: Outcomes) => made(of) - (of.EPERM ?? 0);
  if (otherwise(before) > 0)
    return inconclusive(
      `an open of a denied file was not refused with EPERM while the event lines were read (${JSON.stringify(before)}), so a full ring cannot be tried`,
      { source },
    );
  // What is not refused while the lines are read has a criterion of its own.
  const denied = routes.filter(({ read }) => isRefused(read));
  const wrong = denied.filter(({ full }) => typeof full !== 'string' && !isRefused(full));
  const measured = {
    ...{ value: otherwise(flood) + wrong.length, limit: 0 },
    ...{ unit: 'denials lost', source },
  };
  const [first] = wrong;
  if (first !== undefined)
    return fail(
      `${lineText(first.line)} ${outcomeOf(first.full)} while nobody read the agent's event lines and its ring was full, and was refused before${wrong.length > 1 ? `; so ${wrong.length === 2 ? 'is' : 'are'} ${counted(wrong.length - 1, 'other')} of ${denied.length} routes` : ''}`,
      measured,
    );
  if (otherwise(flood) > 0)
    return fail(
      `${otherwise(flood)} of ${counted(made(flood), 'attempt')} to open a denied file or connect to a denied address ended otherwise than with EPERM while nobody read the agent's event lines (${JSON.stringify(flood)})`,
      measured,
    );
  const unknown = denied.find(({ full }) => typeof full === 'string');
  if (unknown !== undefined)
    return inconclusive(
      `nobody knows how ${lineText(unknown.line)} ended while the ring was full: ${outcomeOf(unknown.full)}`,
      { source },
    );
  const { start, full, behindRoutes, end } = counts;
  if (start === undefined || full === undefined || behindRoutes === undefined || end === undefined)
    return inconclusive(
      'neither the endpoint nor the command line gave decisions and drops while nobody read the event lines; see whether they answer then',
      { source },
    );
  const ofRoutes = denied.filter(({ line }) => isCounted(line)).length;
  const refused = made(before) + made(flood) + denied.length + ofRoutes;
  const dropped = droppedBetween(start, end);
  if (refused > told + dropped)
    return fail(
      `${refused} attempts were refused; ${told} have an event line, and the agent counts ${counted(dropped, 'dropped line')}: ${refused - told - dropped} have no line and are not counted as dropped`,
      { ...measured, value: refused - told - dropped, unit: 'denials untold' },
    );
  const ofFiles = end.dropped.file - start.dropped.file;
  if (ofFiles > 0 && end.priority !== undefined && end.priority === start.priority)
    return fail(
      `the agent counts ${counted(ofFiles, 'dropped line')} on denied files, and none in aegisbpf_backpressure_priority_drops_total, on which alerts rest`,
      { ...measured, value: 0, limit: 'at least 1', unit: 'drops told' },
    );
  const decisions = end.decisions - start.decisions;
  if (refused > decisions)
    return fail(
      `${refused} attempts were refused, and the agent counts ${counted(decisions, 'decision')}`,
      { ...measured, value: refused - decisions, unit: 'denials uncounted' },
    );
  const meanwhile = droppedBetween(full, behindRoutes);
  if (meanwhile < ofRoutes * (1 - MOST_ROUTES_TOLD) || ofRoutes === 0)
    return inconclusive(
      `the ring was not full all the time: ${ofRoutes} routes were refused meanwhile, and the agent dropped ${counted(meanwhile, 'line')}; see whether something else reads its output`,
      { source },
    );
  return pass(
    `with a full ring ${counted(made(flood), 'attempt')} and ${denied.length} routes were refused with EPERM; ${told} event lines and ${counted(dropped, 'counted drop')} account for them`,
    measured,
  );
}
