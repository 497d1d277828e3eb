import { runVictim } from '../agent/probe.ts';
import type { SoakSubject } from './soak.ts';

/** Shown of programs that ended in another way than expected. */
const KEPT_OTHERS = 5;
/** Victims whose events may still be on their way; older ones make way. */
const KEPT_PIDS = 1000;

/** Ordinary programs that open the denied file, one a sample: proof that they really are ended. */
export class Victims {
  run = 0;
  /** Ended by the enforce signal. */
  signalled = 0;
  /** Read the file and lived. */
  read = 0;
  /** Denied without being ended by a signal. */
  denied = 0;
  readonly other: string[] = [];
  readonly #subject: SoakSubject;
  readonly #pids: number[] = [];

  constructor(subject: SoakSubject) {
    this.#subject = subject;
  }

  async tryOne(): Promise<void> {
    const { daemon, target, candidate } = this.#subject;
    if (!daemon.isRunning()) return;
    const victim = await runVictim(target.path, candidate.environment, (pid) => this.#own(pid));
    this.run += 1;
    if (victim.signal !== undefined) this.signalled += 1;
    else if (victim.exitCode === 0) this.read += 1;
    else if (victim.stderr.includes('Operation not permitted')) this.denied += 1;
    else if (this.other.length < KEPT_OTHERS) {
      this.other.push(`exit ${victim.exitCode}: ${victim.stderr.slice(0, 200)}`);
    }
  }

  /** Its event lines are ours. */
  #own(pid: number): void {
    const { owners } = this.#subject.decisions;
    owners.add(pid);
    this.#pids.push(pid);
    const old = this.#pids.length > KEPT_PIDS ? this.#pids.shift() : undefined;
    if (old !== undefined) owners.delete(old);
  }
}
