import { outputText } from '../../agent/command.ts';
import type { Mode } from '../../agent/daemon-options.ts';
import { ownCgroup } from '../../changes/own-cgroup.ts';
import { fail, inconclusive, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { counted } from '../../text/counted.ts';
import { CodedWorkload, type NamedWorkload } from '../../workload/coded-workload.ts';
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
  /** What it is called: the knob that names it, or its own name. */
  readonly name: string;
  /** The file, below the phase's folder, with what it told. */
  readonly log: string;
  /** What it must do, in a word or two. */
  readonly limit: string;
  /** What is counted of it. */
  readonly unit: string;
  /** It has a control group of ours, by which the review tells its decisions from others. */
  readonly isOurs: boolean;
  /** Without a piece of work in each soak nothing is known of it. */
  readonly mustComplete?: true;
  /** @param isAlone no agent runs. */
  readonly begin: (cgroup: string | undefined, isAlone?: boolean) => WatchedWorkload;
}

/** What the operator's own does beside the agent, through a phase: what the agent and its policy do to programs that people need. */
export class WorkloadBeside {
  readonly #run: CanaryRun;
  readonly #mode: Mode;
  readonly #watched: Watched;
  #workload: WatchedWorkload | undefined;
  #cgroup: string | undefined;
  /** Pieces of work that it completed in the soak. */
  #inSoak: number | undefined;

  constructor(run: CanaryRun, mode: Mode, watched: Watched) {
    this.#run = run;
    this.#mode = mode;
    this.#watched = watched;
  }

  /** Its control group, by which its decisions are known; undefined where it has none. */
  get cgroup(): string | undefined {
    return this.#cgroup;
  }

  get name(): string {
    return this.#watched.name;
  }

  /** Counts what it completes meanwhile. */
  async through<T>(soak: () => Promise<T>): Promise<T> {
    const before = this.#workload?.completed ?? 0;
    try {
      return await soak();
    } finally {
      this.#inSoak = (this.#workload?.completed ?? 0) - before;
    }
  }

  /** Before there is a rule or an agent: what does not work now says nothing of either. It goes on from here. */
  async begin(): Promise<Judgement> {
    const { name: knob, limit, isOurs } = this.#watched;
    // It is ended by the guardian where we cannot.
    const journal = await this.#run.journal();
    if (isOurs) this.#cgroup = ownCgroup(journal);
    const workload = this.#watched.begin(this.#cgroup);
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
    const { name: knob, log, unit, mustComplete } = this.#watched;
    const workload = this.#workload;
    if (workload === undefined) throw noEvidence(`${knob} was not watched`);
    await workload.stop();
    const source = `${this.#mode}/${log}`;
    this.#run.directory.writeText(source, workload.output);
    const { failed, failures } = workload;
    const measured = { value: failed, limit: 0, unit, source };
    if (failed === 0 && mustComplete === true && !this.#inSoak)
      return inconclusive(
        `${knob} completed nothing during the soak, so nobody knows whether it worked beside the agent; raise DURATION_SECONDS`,
        { ...measured, value: this.#inSoak ?? 'no soak', limit: 'at least 1' },
      );
    if (failed === 0 && workload.stuck !== undefined)
      return inconclusive(
        `${knob} came to no end beside the agent: ${workload.stuck}; see whether it does without the agent, and give it an end of its own (timeout(1))`,
        measured,
      );
    if (failed === 0 && workload.unwatched !== undefined)
      return inconclusive(
        `${knob} was not watched to the end: ${workload.unwatched}; run again on a less busy host`,
        measured,
      );
    if (failed === 0 && workload.untold !== undefined)
      return inconclusive(`${knob} ${workload.untold}`, measured);
    if (failed === 0) return pass(`${knob} ${workload.told} beside the agent`, measured);
    // As long as the quickest failure took, and half as long again: what fails that late by itself must have the time to.
    const trialMs = TRIAL_MS + 1.5 * Math.min(...failures.map(({ ms }) => ms));
    const without = this.#watched.begin(this.#cgroup, true);
    await without.trial(Math.min(trialMs, LONGEST_TRIAL_MS));
    await without.stop();
    const told = `${knob} failed ${counted(failed, 'time')} beside the agent, first at ${failures[0]?.at}: ${endText(workload)}`;
    // What had come of it beside the agent, and lasts, is no failure without it.
    const isStanding = without.failed > 0 && without.failures.every((one) => one.isStanding);
    const isDecided = failures.some(({ ms }) => ms === 0);
    if (isStanding && !isDecided)
      return inconclusive(
        `${told}; nobody has started it again (${endText(without)}), and before the agent it had not worked for longer than beside it, so nobody knows whom to blame; start it, and run again`,
        measured,
      );
    if (without.failed > 0 && !isStanding)
      return inconclusive(
        `${told}; it fails without the agent too (${endText(without)}), so nobody knows whom to blame`,
        measured,
      );
    // A single piece that is well shows nothing of what comes so late.
    const isUntold = without.completed === 0 || mustComplete === true;
    if (!isStanding && isUntold && trialMs > LONGEST_TRIAL_MS)
      return inconclusive(
        `${told}; without the agent it ran for ${LONGEST_TRIAL_MS / 1000} s and did not fail, which is shorter than it took beside it: nobody knows whom to blame`,
        measured,
      );
    return fail(
      `${told}; ${isStanding ? 'before the agent it worked for longer, and nobody has started it again' : 'without the agent it works'}; what the agent decided on it stands in review.yaml with workload: ${knob}`,
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
    ...{ name: 'WORKLOAD_COMMAND', log: 'workload.log', limit: 'exit 0' },
    ...{ unit: 'failed runs', isOurs: true },
    begin: (cgroup) =>
      new OperatorWorkload({
        command: run.settings.WORKLOAD_COMMAND ?? [],
        environment: run.candidate.environment,
        cgroup,
      }),
  });

/** WORKLOAD_UNIT: it is the host's own, and only looked at. */
export const unitBeside = (run: CanaryRun, mode: Mode): WorkloadBeside =>
  new WorkloadBeside(run, mode, {
    ...{ name: 'WORKLOAD_UNIT', log: 'unit.log', limit: 'active and healthy' },
    ...{ unit: 'failures', isOurs: false },
    begin: (_, isAlone) =>
      new UnitWorkload({
        isAlone,
        unit: run.settings.WORKLOAD_UNIT ?? '',
        health: run.settings.WORKLOAD_HEALTH_COMMAND,
        hostRoot: run.settings.HOST_ROOT,
        environment: run.candidate.environment,
      }),
  });

/** A workload of a team's own, by code. */
export const codeBeside = (run: CanaryRun, mode: Mode, of: NamedWorkload): WorkloadBeside =>
  new WorkloadBeside(run, mode, {
    ...{ name: of.name, log: `workload-${of.name}.log`, limit: 'work without a failure' },
    ...{ unit: 'failures', isOurs: true, mustComplete: true as const },
    begin: (cgroup) => new CodedWorkload(of, run.candidate.environment, cgroup),
  });

/** How its first failure ended, with its last words. */
function endText({ failures: [first] }: WatchedWorkload): string {
  const { end = 'it did not end', words = '' } = first ?? {};
  return words === '' ? end : `${end}, its last words: ${outputText(words)}`;
}
