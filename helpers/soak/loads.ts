import type { WorkloadCounts } from '../workload/attempt-counts.ts';
import { childNames } from '../workload/programs.ts';
import { Workload } from '../workload/workload.ts';
import { SideWork } from './side-work.ts';
import type { SoakSubject } from './soak.ts';

/** Signalled programs would need a process per attempt; a kill soak is paced for that. */
const MAX_PROGRAM_RATE = 20;

/** Everything that works on the agent during a soak. */
export class Loads {
  readonly main: Workload;
  /** Ordinary programs that open the target, one a sample: proof that they really are ended. */
  readonly victims: Workload;
  readonly side: readonly SideWork[];
  readonly askedRate: number;

  constructor({ settings, daemon, target, decisions, candidate, run, side }: SoakSubject) {
    const program = daemon.mode === 'enforce' && settings.ENFORCE_SIGNAL === 'kill';
    const { environment } = candidate;
    this.askedRate = program ? Math.min(settings.SOAK_RATE, MAX_PROGRAM_RATE) : settings.SOAK_RATE;
    this.main = new Workload(
      {
        target: target.path,
        workers: settings.WORKERS,
        rate: this.askedRate,
        attempt: program ? 'program' : 'open',
        name: 'worker',
        environment,
      },
      run,
      daemon.mode,
    );
    this.victims = new Workload(
      {
        target: target.path,
        workers: 1,
        rate: 1 / settings.SAMPLE_SECONDS,
        attempt: 'program',
        name: 'victims',
        environment,
      },
      run,
      daemon.mode,
    );
    for (const pid of [...this.main.pids(), ...this.victims.pids()]) decisions.owners.add(pid);
    decisions.expect({ childNames: childNames('program') });
    this.side = side.map((subject) => {
      const connects = subject.attempt.endsWith('-connect');
      const rate = connects ? settings.SOAK_NET_RATE / 2 : settings.SOAK_OPERATION_RATE;
      return new SideWork(subject, rate, environment, run, daemon.mode);
    });
  }

  /** @throws JudgementError (inconclusive) when a worker does not come up. */
  async up(): Promise<void> {
    await Promise.all([this.main, this.victims, ...this.side].map((work) => work.up()));
  }

  /** All begin in one moment: none before the time that is measured. */
  begin(): void {
    for (const work of [this.main, this.victims, ...this.side]) work.begin();
  }

  /** @throws JudgementError (inconclusive) when the attempts of a worker are lost. */
  async stop(): Promise<WorkloadCounts> {
    const others = [this.victims, ...this.side];
    const [counts] = await Promise.all([this.main.stop(), ...others.map((work) => work.stop())]);
    return counts;
  }

  /** A worker that ended without being asked. */
  get workerDied(): boolean {
    const dead = this.main.dead() + this.victims.dead();
    return dead > 0 || this.side.some((work) => work.dead);
  }

  kill(): void {
    this.main.kill();
    this.victims.kill();
    for (const work of this.side) work.kill();
  }
}
