import type { Decisions } from '../agent/stream/watched-decisions.ts';
import { namesOf } from '../changes/own-file.ts';
import type { WorkloadCounts } from '../workload/attempt-counts.ts';
import { PROGRAM_NAMES } from '../workload/programs.ts';
import { Workload, type WorkloadOptions } from '../workload/workload.ts';
import { SideWork } from './side-work.ts';
import type { SoakSubject } from './subject.ts';

/** Signalled programs would need a process per attempt; a kill soak is paced for that. */
const MAX_PROGRAM_RATE = 20;

/** So often at least each route is taken, however short the soak. */
const LEAST_TURNS = 3;

/** One worker on the soak file, where the options say nothing else; these decisions are of its making. */
export function workloadOf(
  { target, candidate, run, daemon }: SoakSubject,
  options: Pick<WorkloadOptions, 'name' | 'rate'> & Partial<WorkloadOptions>,
  { owners }: Pick<Decisions, 'owners'>,
): Workload {
  const { environment } = candidate;
  const all = { task: { target: target.path }, workers: 1, environment, ...options };
  const workload = new Workload(all, run, daemon.mode);
  for (const pid of workload.pids()) owners.add(pid);
  return workload;
}

/** Everything that works on the agent during a soak. */
export class Loads {
  readonly main: Workload;
  /** Ordinary programs that open the target, one a sample: proof that they really are ended. */
  readonly victims: Workload;
  readonly side: readonly SideWork[];
  readonly askedRate: number;
  readonly #all: readonly Workload[];

  constructor(soak: SoakSubject) {
    const { settings, daemon, decisions } = soak;
    const { WORKERS: workers, SOAK_RATE, SOAK_NET_RATE, SOAK_OPERATION_RATE } = settings;
    const program = daemon.mode === 'enforce' && settings.ENFORCE_SIGNAL === 'kill';
    this.askedRate = program ? Math.min(SOAK_RATE, MAX_PROGRAM_RATE) : SOAK_RATE;
    const { path } = soak.target;
    const byProgram = { target: path, attempt: 'program' } as const;
    const task = program ? byProgram : { target: path };
    const main = { name: 'worker', workers, rate: this.askedRate, task };
    const victims = { name: 'victims', rate: 1 / settings.SAMPLE_SECONDS, task: byProgram };
    this.main = workloadOf(soak, main, decisions);
    this.victims = workloadOf(soak, victims, decisions);
    decisions.expect({ paths: namesOf(soak.target), childNames: PROGRAM_NAMES });
    const tried = soak.side.filter(({ routes }) => routes.length > 0);
    this.side = tried.map((subject) => {
      const { name, task, script, decisions, routes } = subject;
      const asked = name === 'network' ? SOAK_NET_RATE : SOAK_OPERATION_RATE;
      const rate = Math.max(asked, (LEAST_TURNS * routes.length) / settings.DURATION_SECONDS);
      return new SideWork(subject, workloadOf(soak, { name, task, script, rate }, decisions));
    });
    this.#all = [this.main, this.victims, ...this.side.map(({ workload }) => workload)];
  }

  /** @throws JudgementError (inconclusive) when a worker does not come up. */
  async up(): Promise<void> {
    await Promise.all(this.#all.map((work) => work.up()));
  }

  /** All begin in one moment: none before the time that is measured. */
  begin(): void {
    for (const work of this.#all) work.begin();
  }

  /** @throws JudgementError (inconclusive) when the attempts of a worker are lost. */
  async stop(): Promise<WorkloadCounts> {
    await Promise.all(this.#all.map((work) => work.stop()));
    return this.main.counts();
  }

  /** A worker that ended without being asked. */
  get workerDied(): boolean {
    return this.#all.some((work) => work.dead() > 0);
  }

  kill(): void {
    for (const work of this.#all) work.kill();
  }
}
