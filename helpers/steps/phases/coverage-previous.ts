import type { Candidate } from '../../agent/command.ts';
import { StartingDaemon } from '../../agent/daemon.ts';
import { daemonOptions } from '../../agent/daemon-options.ts';
import { PREVIOUS_ROUTES_FILE } from '../../cost/result.ts';
import {
  judgeAgainstPrevious,
  lostFields,
  routeFindings,
} from '../../coverage/against-previous.ts';
import type { JudgedLine } from '../../coverage/judge-lines.ts';
import { lostSection, type Promises } from '../../coverage/promises.ts';
import {
  fail,
  type Judgement,
  JudgementError,
  NotApplicable,
  noEvidence,
} from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { CoverageMode } from './coverage-phase.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { aboutPrevious, isItself } from './previous-identity.ts';
import { rulesAgain, tableAgain } from './table-again.ts';

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
  const fields = lostFields(candidate, taken);
  directory.writeJson(PREVIOUS_ROUTES_FILE, { ...about, findings, lostFields: fields });
  const judged = judgeAgainstPrevious(findings, about.version, PREVIOUS_ROUTES_FILE);
  return fields.length === 0 || judged.verdict !== 'pass'
    ? judged
    : fail(
        `event lines lack fields that they have with version ${about.version}: ${fields.join('; ')}; what reads them finds nothing there any more`,
        { value: fields.length, limit: 0, unit: 'types of lines', source: PREVIOUS_ROUTES_FILE },
      );
}

/** @throws JudgementError (inconclusive) where that version does not do its part, which blames nobody else. */
async function takenWith(
  run: CanaryRun,
  subjects: CoverageSubjects,
  previous: Candidate,
  promises: Promises,
): Promise<readonly JudgedLine[]> {
  await rulesAgain(run, subjects);
  const options = await daemonOptions(run.settings, {
    ...{ name: NAME, mode: 'enforce', enforceSignal: 'none' },
  });
  const starting = new StartingDaemon(previous, options, run.directory);
  try {
    return await tableAgain(subjects, promises, await starting.ready());
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
