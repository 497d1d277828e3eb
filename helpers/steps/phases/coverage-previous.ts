import type { Candidate } from '../../agent/command.ts';
import { howItEnded } from '../../agent/command.ts';
import { type ReadyDaemon, StartingDaemon } from '../../agent/daemon.ts';
import { daemonOptions } from '../../agent/daemon-options.ts';
import { PREVIOUS_ROUTES_FILE } from '../../cost/result.ts';
import { judgeAgainstPrevious, routeFindings } from '../../coverage/against-previous.ts';
import { type JudgedLine, judgeLines } from '../../coverage/judge-lines.ts';
import { lostSection, type Promises } from '../../coverage/promises.ts';
import {
  type Judgement,
  JudgementError,
  NotApplicable,
  noEvidence,
} from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { CoverageMode } from './coverage-phase.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { aboutPrevious, isItself } from './previous-identity.ts';

const NAME = 'coverage/previous';

/**
 * Takes the table once more, with the version that production runs, once the candidate's part of the phase is over: nothing that
 * this version does wrong touches the candidate's evidence.
 */
export async function noRouteIsWorse(
  run: CanaryRun,
  subjects: CoverageSubjects,
  enforce: Pick<CoverageMode, 'judged'>,
): Promise<Judgement> {
  const { previous, directory } = run;
  if (previous === undefined) throw new NotApplicable('no previous version was named');
  const candidate = await enforce.judged();
  const about = await aboutPrevious(previous);
  const same = await isItself(run, about.sha256);
  if (same !== undefined) throw noEvidence(`nothing can be compared: ${same}`);
  const promises = await subjects.promisesOf(previous);
  const taken = await takenWith(run, subjects, previous, promises);
  const findings = routeFindings(candidate, taken, ({ route }) =>
    lostSection(route, promises, subjects.promises),
  );
  directory.writeJson(PREVIOUS_ROUTES_FILE, { ...about, findings });
  return judgeAgainstPrevious(findings, about.version, PREVIOUS_ROUTES_FILE);
}

/** @throws JudgementError (inconclusive) where that version does not do its part, which blames nobody else. */
async function takenWith(
  run: CanaryRun,
  subjects: CoverageSubjects,
  previous: Candidate,
  promises: Promises,
): Promise<readonly JudgedLine[]> {
  await run.journal();
  // Later criteria of the candidate put other policies in force.
  const again = await run.command('policy', 'apply', subjects.policyFile, '--reset');
  if (again.exitCode !== 0) throw noEvidence(howItEnded(again), { source: again.command });
  const options = await daemonOptions(run.settings, {
    ...{ name: NAME, mode: 'enforce', enforceSignal: 'none' },
  });
  const starting = new StartingDaemon(previous, options, run.directory);
  try {
    return await takeTable(subjects, promises, await starting.ready());
  } catch (error) {
    if (!(error instanceof JudgementError)) throw error;
    const { explanation } = error.judgement;
    throw noEvidence(`the previous version did not do its part, as agent: ${explanation}`, {
      source: `${NAME}/agent.stderr.log`,
    });
  } finally {
    await starting.stop();
  }
}

async function takeTable(
  subjects: CoverageSubjects,
  promises: Promises,
  { events, capabilities, isRunning }: ReadyDaemon,
): Promise<readonly JudgedLine[]> {
  const watermark = subjects.watermark(events);
  try {
    const taken = await subjects.take(watermark);
    if (!isRunning()) throw noEvidence('the agent ended while the routes were taken');
    const { hooks, features } = capabilities;
    const { notRun, missingRule } = subjects;
    const judged = judgeLines(taken, {
      ...{ mode: 'enforce', notRun, hooks: { ...features, ...hooks }, promises },
      missingRule,
    });
    // Their rules are put in force once, for the candidate.
    return judged.filter((line) => line.taken.line.group !== 'by-content');
  } finally {
    await watermark.end();
  }
}
