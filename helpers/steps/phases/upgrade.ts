import { type Candidate, howItEnded, runCommand } from '../../agent/command.ts';
import { ownInput } from '../../changes/own-file.ts';
import { isKept, judgeKept, upgradeWords } from '../../coverage/kept-routes.ts';
import { lostSection } from '../../coverage/promises.ts';
import type { Kind, Line } from '../../coverage/table.ts';
import type { Taken } from '../../coverage/taken.ts';
import {
  type Judgement,
  JudgementError,
  NotApplicable,
  noEvidence,
} from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';
import { journalPolicy, removePolicy } from './candidate-policy.ts';
import type { CoverageMode } from './coverage-phase.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { whileEnforcing } from './enforcing-start.ts';
import { aboutPrevious, isItself } from './previous-identity.ts';

const NAME = 'coverage/upgrade';
const SOURCE = `${NAME}/routes.json`;
/** Those that have a route by a rule of each section, and one that is exempt from them. */
const KINDS: readonly Kind[] = ['root', 'network', 'network-ipv6', 'ruled', 'exempt'];
/** Whether a rule is there is asked by what it denies, and whether an exemption is by what is free by it. */
const isTried = ({ kind, group, expected }: Line) =>
  KINDS.includes(kind) &&
  group !== 'by-content' &&
  (kind === 'exempt' ? expected === 'open' : expected === 'denied');

/**
 * Production is upgraded while its rules are in the pinned tables alone (docs/agent-contract.md §1.4): a candidate that looks for a
 * table elsewhere, or takes an old one for unfit, begins without its rules. So the previous version makes those of the table and
 * enforces them, and what it kept to must be so with the candidate.
 */
export async function rulesOutliveUpgrade(
  run: CanaryRun,
  subjects: CoverageSubjects,
  enforce: Pick<CoverageMode, 'judged'>,
): Promise<Judgement> {
  const { previous, directory } = run;
  if (previous === undefined) throw new NotApplicable('no previous version was named');
  const judged = await enforce.judged();
  const { version, sha256 } = await aboutPrevious(previous);
  const same = await isItself(run, sha256);
  if (same !== undefined) throw noEvidence(`there is no upgrade to try: ${same}`);
  const promises = await subjects.promisesOf(previous);
  const isKnown = ({ route }: Line) => !lostSection(route, subjects.promises, promises);
  const lines = judged.flatMap(({ verdict, taken: { line } }) =>
    verdict === 'pass' && isTried(line) && isKnown(line) ? [line] : [],
  );
  // The candidate's own tables are empty by now; what it denies afterwards is what the other one made.
  const applied = await journalPolicy(run, subjects.hostPaths);
  const { emptyPolicy } = applied;
  const journal = await run.journal();
  const { executable, environment } = previous;
  const by = { executable, environment, sha256 };
  const byPrevious = journal.record({ kind: 'policy', emptyPolicy, by });
  const text = subjects.policyWith({}, promises.unknownSections);
  const policy = ownInput(subjects.made.site.directory, 'upgrade.policy', text);
  try {
    const before = await withPrevious(run, subjects, previous, policy);
    const kept = lines.filter((line) => {
      const answer = before.find((one) => one.line === line)?.answer;
      return answer !== undefined && isKept({ line, answer });
    });
    const after = await takenBy(run, subjects, run.candidate, NAME);
    const upgraded = kept.map((line) => ({
      line,
      answer: after.find((one) => one.line === line)?.answer ?? 'not taken',
    }));
    directory.writeJson(SOURCE, { version, lines: upgraded });
    return judgeKept(upgraded, upgradeWords(version), SOURCE);
  } finally {
    // Each of its own tables, should they be others.
    const removed = await runCommand(previous, 'policy', 'apply', emptyPolicy, '--reset');
    if (removed.exitCode === 0) journal.strike(byPrevious);
    await removePolicy(run, applied);
  }
}

/** @throws JudgementError (inconclusive) where that version does not do its part, which blames nobody else. */
async function withPrevious(
  run: CanaryRun,
  subjects: CoverageSubjects,
  previous: Candidate,
  policy: string,
): Promise<readonly Taken[]> {
  const did = 'the previous version did not do its part';
  const made = await runCommand(previous, 'policy', 'apply', policy, '--reset');
  if (made.exitCode !== 0)
    throw noEvidence(`${did}: ${howItEnded(made)}`, { source: made.command });
  try {
    return await takenBy(run, subjects, previous, `${NAME}-before`);
  } catch (error) {
    if (!(error instanceof JudgementError)) throw error;
    throw noEvidence(`${did}: ${error.judgement.explanation}`, { source: `${NAME}-before` });
  }
}

/** The routes with this version, on the rules that are there. */
const takenBy = (run: CanaryRun, subjects: CoverageSubjects, version: Candidate, name: string) =>
  whileEnforcing(run, version, { name }, ({ events }) => subjects.takeAtOnce(events, KINDS));
