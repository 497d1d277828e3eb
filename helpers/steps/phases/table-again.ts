import { howItEnded } from '../../agent/command.ts';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import type { Mode } from '../../agent/daemon-options.ts';
import { type JudgedLine, judgeLines } from '../../coverage/judge-lines.ts';
import type { Promises } from '../../coverage/promises.ts';
import type { Kind } from '../../coverage/table.ts';
import { noEvidence } from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';

/** Puts the rules of the table in force once more: criteria in between apply policies of their own. */
export async function rulesAgain(run: CanaryRun, subjects: CoverageSubjects): Promise<void> {
  await run.journal();
  const again = await run.command('policy', 'apply', subjects.policyFile, '--reset');
  if (again.exitCode !== 0) throw noEvidence(howItEnded(again), { source: again.command });
}

/** Takes the table with another start of an agent. @param promises of its version. @param kinds whose lines are taken; all where absent. @param mode of that start. */
export async function tableAgain(
  subjects: CoverageSubjects,
  promises: Promises,
  { events, capabilities, isRunning }: ReadyDaemon,
  kinds?: readonly Kind[],
  mode: Mode = 'enforce',
): Promise<readonly JudgedLine[]> {
  const watermark = subjects.watermark(events);
  try {
    const taken = await subjects.take(watermark, kinds);
    if (!isRunning()) throw noEvidence('the agent ended while the routes were taken');
    const { hooks, features } = capabilities;
    const { notRun, missingRule } = subjects;
    const judged = judgeLines(taken, {
      ...{ mode, notRun, hooks: { ...features, ...hooks }, promises },
      missingRule,
    });
    // Their rules are put in force once, for the candidate.
    return judged.filter((line) => line.taken.line.group !== 'by-content');
  } finally {
    await watermark.end();
  }
}
