import type { Answer } from '../../coverage/site.ts';
import { type Kind, type Line, lineText } from '../../coverage/table.ts';
import { fail, inconclusive, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { counted } from '../../text/counted.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { CoverageMode } from './coverage-phase.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { whileEnforcing } from './enforcing-start.ts';
import { isAs, met } from './rule-probes.ts';

const NAME = 'coverage/nothing-left';
const SOURCE = `${NAME}/routes.json`;
/** Those that have a route by a rule of each section; others differ by who they are. */
const KINDS: readonly Kind[] = ['root', 'network', 'network-ipv6', 'ruled'];
const SHOWN = 4;

/** A route that was denied before the rules were removed. */
export interface FreedLine {
  readonly line: Pick<Line, 'kind' | 'route'>;
  /** In words where nobody knows what came of it. */
  readonly answer: Answer | string;
}

/**
 * The agent has no list of the names that a policy denies, and a list may leave out what its kernel still holds: a rule that nobody
 * sees denies for ever. So every route that was denied is taken once more, by an agent that enforces without a rule of ours.
 */
export async function nothingIsLeft(
  run: CanaryRun,
  subjects: CoverageSubjects,
  enforce: Pick<CoverageMode, 'judged'>,
): Promise<Judgement> {
  const judged = await enforce.judged();
  const denied = judged.flatMap(({ verdict, taken: { line } }) =>
    verdict === 'pass' && line.expected === 'denied' && KINDS.includes(line.kind) ? [line] : [],
  );
  if (denied.length === 0)
    throw noEvidence(
      'no route was denied while there were rules, so none shows that they are gone',
    );
  await run.journal();
  const taken = await whileEnforcing(run, run.candidate, { name: NAME }, ({ events }) =>
    subjects.takeAtOnce(events, KINDS),
  );
  const lines = denied.map((line) => ({
    line,
    answer: taken.find((one) => one.line === line)?.answer ?? 'not taken',
  }));
  run.directory.writeJson(
    SOURCE,
    lines.map(({ line, answer }) => ({ words: lineText(line), answer })),
  );
  return judgeLeft(lines);
}

const isOf = (outcome: Answer['outcome'], answer: Answer | string) =>
  typeof answer !== 'string' && isAs(answer, outcome);

const few = (words: readonly string[]) =>
  `${words.slice(0, SHOWN).join('; ')}${words.length > SHOWN ? `; and ${words.length - SHOWN} more` : ''}`;

/** @param lines denied before, of whose rules no list shows any. */
export function judgeLeft(lines: readonly FreedLine[]): Judgement {
  const still = lines.filter(({ answer }) => isOf('refused', answer));
  const free = lines.filter(({ answer }) => isOf('passed', answer));
  const unknown = lines.filter((line) => !still.includes(line) && !free.includes(line));
  const measured = {
    ...{ value: free.length, limit: lines.length, unit: 'routes free', source: SOURCE },
  };
  if (still.length > 0)
    return fail(
      `our rules were removed, and no list of the agent has one, but these are still denied: ${few(still.map(({ line }) => lineText(line)))}; whoever is locked out by that finds no rule to remove`,
      measured,
    );
  if (unknown.length > 0)
    return inconclusive(
      `without a rule of ours nobody knows whether these are free: ${few(unknown.map(({ line, answer }) => `${lineText(line)} ${typeof answer === 'string' ? `(${answer})` : met(answer)}`))}`,
      measured,
    );
  return pass(
    `${counted(lines.length, 'route')} that rules denied, free once these were removed, while the agent enforced`,
    measured,
  );
}
