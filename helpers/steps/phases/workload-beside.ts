import { outputText } from '../../agent/command.ts';
import type { Mode } from '../../agent/daemon-options.ts';
import { fail, inconclusive, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { counted } from '../../text/counted.ts';
import { OperatorWorkload } from '../../workload/operator-workload.ts';
import type { CanaryRun } from '../canary-run.ts';

/** A program that goes on for so long works, as far as anybody can see. */
const TRIAL_MS = 3000;
/** A failure that takes longer than this cannot be waited for again. */
const LONGEST_TRIAL_MS = 240_000;

/** WORKLOAD_COMMAND beside the agent, through a phase: what the agent and its policy do to programs that people need. */
export class WorkloadBeside {
  readonly #run: CanaryRun;
  readonly #mode: Mode;
  #workload: OperatorWorkload | undefined;

  constructor(run: CanaryRun, mode: Mode) {
    this.#run = run;
    this.#mode = mode;
  }

  /** Before there is a rule or an agent: what does not work now says nothing of either. It goes on from here. */
  async begin(): Promise<Judgement> {
    // It is ended by the guardian where we cannot.
    await this.#run.journal();
    const workload = this.#start();
    this.#workload = workload;
    await workload.untilItEnds(TRIAL_MS);
    if (workload.failed === 0)
      return pass(`${runsText(workload)} without the agent`, { source: 'WORKLOAD_COMMAND' });
    await workload.stop();
    return inconclusive(
      `WORKLOAD_COMMAND does not work without the agent either: ${endText(workload)}; mend it, or leave it out`,
      { value: endText(workload), limit: 'exit 0', source: 'WORKLOAD_COMMAND' },
    );
  }

  /** When no agent runs any more. */
  async judge(): Promise<Judgement> {
    const workload = this.#workload;
    if (workload === undefined) throw noEvidence('WORKLOAD_COMMAND was not started');
    await workload.stop();
    const source = `${this.#mode}/workload.log`;
    this.#run.directory.writeText(source, workload.output);
    const { failed, failures } = workload;
    const measured = { value: failed, limit: 0, unit: 'failed runs', source };
    if (failed === 0) return pass(`${runsText(workload)} beside the agent`, measured);
    // As long as the quickest failure took, and half as long again: what fails that late by itself must have the time to.
    const trialMs = TRIAL_MS + 1.5 * Math.min(...failures.map(({ ms }) => ms));
    const without = this.#start();
    await without.untilItEnds(Math.min(trialMs, LONGEST_TRIAL_MS));
    await without.stop();
    const told = `WORKLOAD_COMMAND failed ${counted(failed, 'time')} beside the agent, first at ${failures[0]?.at}: ${endText(workload)}`;
    if (without.failed > 0)
      return inconclusive(
        `${told}; it fails without the agent too (${endText(without)}), so nobody knows whom to blame`,
        measured,
      );
    if (without.completed === 0 && trialMs > LONGEST_TRIAL_MS)
      return inconclusive(
        `${told}; without the agent it ran for ${LONGEST_TRIAL_MS / 1000} s and did not fail, which is shorter than it took beside it: nobody knows whom to blame`,
        measured,
      );
    return fail(
      `${told}; without the agent it works; what the agent decided on it stands in review.yaml by the names of its programs`,
      measured,
    );
  }

  async cleanUp(): Promise<void> {
    await this.#workload?.stop();
  }

  #start(): OperatorWorkload {
    const { candidate, settings } = this.#run;
    return new OperatorWorkload(settings.WORKLOAD_COMMAND ?? [], candidate.environment);
  }
}

const runsText = ({ completed }: OperatorWorkload) =>
  completed === 0
    ? 'WORKLOAD_COMMAND ran on'
    : `WORKLOAD_COMMAND ended with exit code 0 ${counted(completed, 'time')}`;

/** How its first failure ended, with its last words. */
function endText({ failures: [first] }: OperatorWorkload): string {
  const { end = 'it did not end', words = '' } = first ?? {};
  return words === '' ? end : `${end}, its last words: ${outputText(words)}`;
}
