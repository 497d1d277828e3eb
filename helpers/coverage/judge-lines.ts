import type { Capabilities } from '../agent/contract/capabilities.ts';
import type { Mode } from '../agent/daemon-options.ts';
import {
  fail,
  inconclusive,
  type Judgement,
  JudgementError,
  NotApplicable,
  pass,
} from '../criteria/judgement.ts';
import { counted } from '../text/counted.ts';
import { lateAmong } from './late-lines.ts';
import { NO_ANSWER } from './probe.ts';
import { attachmentOf, type Promises } from './promises.ts';
import { type Group, type Line, lineText } from './table.ts';
import type { Taken } from './taken.ts';

/** What became of one line of the table. */
export interface JudgedLine {
  readonly taken: Taken;
  readonly verdict: Judgement['verdict'] | 'not run';
  readonly text: string;
  /** Event lines came late here: whose they are nobody knows. */
  readonly isLate?: boolean;
  /** A rule that the agent does not list is all that is wrong. */
  readonly isUnlisted?: boolean;
}

/** Tells which rules the agent does not list. */
const LISTED = 'coverage.listed';

/** What follows where the agent does not list a rule. */
export const withoutRule = (rule: string) =>
  new JudgementError({
    ...inconclusive(`the agent does not list the rule ${rule}`),
    follows: LISTED,
  });

/** Where the table of a mode is kept, each line with its verdict. */
export const tableFile = (mode: Mode) => `coverage/${mode}/table.json`;

interface Expectation {
  readonly mode: Mode;
  /** Why lines cannot be tried on this host, by their words: they failed without any rule. */
  readonly notRun: ReadonlyMap<string, string>;
  /** What this start of the agent says that it attached, and can do. */
  readonly hooks: Capabilities['hooks'] & Partial<Capabilities['features']>;
  readonly promises: Promises;
  /** The rule that a line is about, where the agent does not list it. */
  readonly missingRule: (line: Line) => string | undefined;
}

/** A process that was killed tells nothing of what this host can do: its routes are tried all the same, and must answer then. */
export const isSilent = ({ answer }: Pick<Taken, 'answer'>): boolean =>
  typeof answer === 'string' && answer.startsWith(NO_ANSWER);

/** Lines that failed while there was no rule, and why. */
export function cannotBeTried(control: readonly Taken[]): Map<string, string> {
  return new Map(
    control.flatMap((taken) => {
      const { line, answer } = taken;
      if (isSilent(taken)) return [];
      if (typeof answer === 'string') return [[lineText(line), answer] as const];
      return answer.outcome === 'passed' ? [] : [[lineText(line), answer.call] as const];
    }),
  );
}

/** Judges the lines of the table by their outcomes and events. @param taken in order, for each kind of process. */
export function judgeLines(
  taken: readonly Taken[],
  expectation: Expectation,
): readonly JudgedLine[] {
  const judged = taken.map((one) => judgeLine(one, expectation));
  const late = lateAmong(judged);
  return judged.map((one) => (late.has(one) ? judgeLine(one.taken, expectation, true) : one));
}

function judgeLine(taken: Taken, expectation: Expectation, isLate = false): JudgedLine {
  const { line, answer, events } = taken;
  const what = lineText(line);
  const judged = (verdict: JudgedLine['verdict'], text: string) => ({
    ...{ taken, verdict, text },
    ...(isLate ? { isLate } : {}),
  });
  const reason = expectation.notRun.get(what);
  if (reason !== undefined) return judged('not run', `${what} (not run: ${reason})`);
  const { state, what: hook } = attachmentOf(line.route, expectation.hooks, expectation.promises);
  if (state === 'not promised') return judged('not run', `${what} (this version has no ${hook})`);
  if (state === 'taken out')
    return judged(
      'inconclusive',
      `${what}: this version does not know ${hook}, which versions from 0.9.0 on have, so no rule of that kind can be made; ask whether it was taken out`,
    );
  if (state === 'not named')
    return judged(
      'inconclusive',
      `${what}: this version has ${hook}, and its capability report does not name it; ask whether it is still attached`,
    );
  if (state === 'not attached') {
    const text = `${what}: the agent did not attach ${hook}, by its capability report`;
    return judged('inconclusive', text);
  }
  if (typeof answer === 'string') return judged('inconclusive', `${what}: ${answer}`);
  const problem =
    wrongOutcome(taken, answer, expectation) ??
    (isLate ? undefined : wrongCount(taken)) ??
    wrongAction(taken, expectation);
  const missing = expectation.missingRule(line);
  // An attempt that was denied had its rule, whatever the list says.
  const isOpen = problem === undefined ? line.expected === 'open' : isUnseen(taken);
  if (missing !== undefined && isOpen) {
    const text = `${what}: the agent does not list the rule ${missing}`;
    return { ...judged('inconclusive', text), isUnlisted: true };
  }
  if (problem !== undefined) return judged('fail', `${what} ${problem}`);
  if (!isLate) return judged('pass', what);
  const text = `${what}: event lines came late, ${events.length} of its process before its next route`;
  return judged('inconclusive', text);
}

function wrongOutcome(
  { line }: Taken,
  answer: Exclude<Taken['answer'], string>,
  { mode }: Expectation,
): string | undefined {
  const isDenied = line.expected === 'denied' && mode === 'enforce';
  if (answer.outcome === 'passed')
    return isDenied ? 'went through while the agent enforced' : undefined;
  const refused = `was refused with ${answer.errno}`;
  if (isDenied) return answer.errno === 'EPERM' ? undefined : `${refused}, expected EPERM`;
  return line.expected === 'open' ? `${refused}, and no rule concerns it` : `${refused} in audit`;
}

function wrongCount({ line, events }: Taken): string | undefined {
  const expected = line.expected === 'denied' ? 1 : 0;
  return events.length === expected ? undefined : timesLogged(events.length, expected);
}

/** How often the agent logged an attempt, where that is wrong: behind the attempt's own words. @param most events that are expected. */
export const timesLogged = (count: number, most: number): string =>
  count === 0
    ? 'was not logged by the agent'
    : `was logged by the agent in ${counted(count, 'event')}, expected ${most === 0 ? 'none' : most}`;

/** What else each event tells is compared in one place, for all routes: event-fields.ts. */
function wrongAction({ events }: Taken, { mode }: Expectation): string | undefined {
  const action = mode === 'audit' ? 'AUDIT' : 'BLOCK';
  const other = events.find((event) => event.action !== action);
  return other && `was logged with action=${other.action}`;
}

const SHOWN = 6;

function listed(lines: readonly JudgedLine[]): string {
  const more = lines.length - SHOWN;
  const texts = lines.slice(0, SHOWN).map(({ text }) => text);
  return [...texts, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** One criterion: all lines of a group. @throws NotApplicable where none of them can be tried. */
export function judgeGroup(
  judged: readonly JudgedLine[],
  group: Group,
  { mode }: Pick<Expectation, 'mode'>,
): Judgement {
  const lines = judged.filter(({ taken }) => taken.line.group === group);
  const of = (verdict: JudgedLine['verdict']) => lines.filter((line) => line.verdict === verdict);
  const notRun = of('not run');
  const run = lines.length - notRun.length;
  const source = tableFile(mode);
  const measured = { value: of('pass').length, limit: run, unit: 'routes', source };
  if (of('fail').length > 0) return fail(listed(of('fail')), measured);
  const untold = of('inconclusive');
  const judgement = inconclusive(listed(untold), measured);
  if (untold.some(({ isUnlisted }) => isUnlisted !== true)) return judgement;
  if (untold.length > 0) return { ...judgement, follows: LISTED };
  if (lines.length === 0) return inconclusive('no line of the table was tried', measured);
  if (run === 0) throw new NotApplicable(`none can be tried: ${listed(notRun)}`);
  const without = notRun.length === 0 ? '' : `; besides ${listed(notRun)}`;
  return pass(`${run} routes, each as it must be${without}`, measured);
}

/** Whether what failed in a group is just that routes went through, and nobody was told. */
export function wentUnseen(judged: readonly JudgedLine[], group: Group): boolean {
  const failed = judged.flatMap(({ taken, verdict }) =>
    taken.line.group === group && verdict === 'fail' ? [taken] : [],
  );
  return failed.length > 0 && failed.every(isUnseen);
}

const isUnseen = ({ line, answer, events }: Taken) =>
  line.expected === 'denied' &&
  typeof answer === 'object' &&
  answer.outcome === 'passed' &&
  events.length === 0;
