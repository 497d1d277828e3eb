import { outputText } from '../../agent/command.ts';
import type { Mode } from '../../agent/daemon-options.ts';
import { fail, inconclusive, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { counted } from '../../text/counted.ts';
import { OperatorWorkload } from '../../workload/operator-workload.ts';
import { UnitWorkload } from '../../workload/unit-workload.ts';
import type { WatchedWorkload } from '../../workload/watched-workload.ts';
import type { CanaryRun } from '../canary-run.ts';

/** A program that goes on for so long works, as far as anybody can see. */
const TRIAL_MS = 3000;
/** A failure that takes longer than this cannot be waited for again. */
const LONGEST_TRIAL_MS = 240_000;

/** How a program or unit of the operator's is begun, and what it is called. */
interface Watched {
  /** The knob that names it. */
  readonly knob: 'WORKLOAD_COMMAND' | 'WORKLOAD_UNIT';
  /** The file, below the phase's folder, with what it told. */
  readonly log: string;
  /** What it must do, in a word or two. */
  readonly limit: string;
  /** What is counted of it. */
  readonly unit: string;
  /** How the review tells its decisions from others. */
  readonly named: string;
  readonly begin: () => WatchedWorkload;
}

/** What the operator's own does beside the agent, through a phase: what the agent and its policy do to programs that people need. */
export class WorkloadBeside {
  readonly #run: CanaryRun;
  readonly #mode: Mode;
  readonly #watched: Watched;
  #workload: WatchedWorkload | undefined;

  constructor(run: CanaryRun, mode: Mode, watched: Watched) {
    this.#run = run;
    this.#mode = mode;
    this.#watched = watched;
  }

  /** Before there is a rule or an agent: what does not work now says nothing of either. It goes on from here. */
  async begin(): Promise<Judgement> {
    const { knob, limit } = this.#watched;
    // It is ended by the guardian where we cannot.
    await this.#run.journal();
    const workload = this.#watched.begin();
    this.#workload = workload;
    await workload.untilItEnds(TRIAL_MS);
    if (workload.failed === 0)
      return pass(`${knob} ${workload.told} without the agent`, { source: knob });
    await workload.stop();
    return inconclusive(
      `${knob} does not work without the agent either: ${endText(workload)}; mend it, or leave it out`,
      { value: endText(workload), limit, source: knob },
    );
  }

  /** When no agent runs any more. */
  async judge(): Promise<Judgement> {
    const { knob, log, unit, named } = this.#watched;
    const workload = this.#workload;
    if (workload === undefined) throw noEvidence(`${knob} was not watched`);
    await workload.stop();
    const source = `${this.#mode}/${log}`;
    this.#run.directory.writeText(source, workload.output);
    const { failed, failures } = workload;
    const measured = { value: failed, limit: 0, unit, source };
    if (failed === 0) return pass(`${knob} ${workload.told} beside the agent`, measured);
    // As long as the quickest failure took, and half as long again: what fails that late by itself must have the time to.
    const trialMs = TRIAL_MS + 1.5 * Math.min(...failures.map(({ ms }) => ms));
    const without = this.#watched.begin();
    await without.untilItEnds(Math.min(trialMs, LONGEST_TRIAL_MS));
    await without.stop();
    const told = `${knob} failed ${counted(failed, 'time')} beside the agent, first at ${failures[0]?.at}: ${endText(workload)}`;
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
      `${told}; without the agent it works; what the agent decided on it stands in review.yaml ${named}`,
      measured,
    );
  }

  async cleanUp(): Promise<void> {
    await this.#workload?.stop();
  }
}

/** WORKLOAD_COMMAND: it is started, and started again whenever it has ended. */
export const commandBeside = (run: CanaryRun, mode: Mode): WorkloadBeside =>
  new WorkloadBeside(run, mode, {
    ...{ knob: 'WORKLOAD_COMMAND', log: 'workload.log', limit: 'exit 0' },
    ...{ unit: 'failed runs', named: 'by the names of its programs' },
    begin: () =>
      new OperatorWorkload(run.settings.WORKLOAD_COMMAND ?? [], run.candidate.environment),
  });

/** WORKLOAD_UNIT: it is the host's own, and only looked at. */
export const unitBeside = (run: CanaryRun, mode: Mode): WorkloadBeside =>
  new WorkloadBeside(run, mode, {
    ...{ knob: 'WORKLOAD_UNIT', log: 'unit.log', limit: 'active and healthy' },
    ...{ unit: 'failures', named: 'with workload: WORKLOAD_UNIT' },
    begin: () =>
      new UnitWorkload({
        unit: run.settings.WORKLOAD_UNIT ?? '',
        health: run.settings.WORKLOAD_HEALTH_COMMAND,
        hostRoot: run.settings.HOST_ROOT,
        environment: run.candidate.environment,
      }),
  });

/** How its first failure ended, with its last words. */
function endText({ failures: [first] }: WatchedWorkload): string {
  const { end = 'it did not end', words = '' } = first ?? {};
  return words === '' ? end : `${end}, its last words: ${outputText(words)}`;
}
