import { basename } from 'node:path';
import type { Decisions } from '../agent/stream/watched-decisions.ts';
import type { RunDirectory } from '../evidence/run-directory.ts';
import type { Figure } from '../thresholds/thresholds.ts';
import type { AttemptKind } from '../workload/attempt-counts.ts';
import type { AttemptSubject } from '../workload/attempts.ts';
import { childNames, NAME_CHARACTERS } from '../workload/programs.ts';
import { Workload } from '../workload/workload.ts';
import type { SideResult } from './result.ts';

/** Work beside the main one: another operation on an inode of its own, or connects to an address of its own. */
export interface SideSubject extends AttemptSubject {
  readonly attempt: AttemptKind;
  /** What the kernel counts its decisions by. */
  readonly counted:
    | { readonly dev: number; readonly ino: number }
    | { readonly ip: string; readonly port: number };
  /** Fields that each of its event lines must have. */
  readonly values?: Readonly<Record<string, string>>;
  /** Its event lines. */
  readonly decisions: Decisions;
}

/** One side work of a soak, by a worker of its own. */
export class SideWork {
  readonly subject: SideSubject;
  readonly #workload: Workload;
  readonly #linesBefore: number;

  constructor(
    subject: SideSubject,
    rate: number,
    environment: Readonly<Record<string, string>>,
    run: RunDirectory,
    directory: string,
  ) {
    const { target, loader, attempt, decisions } = subject;
    this.subject = subject;
    this.#linesBefore = decisions.lines;
    this.#workload = new Workload(
      { target, loader, attempt, rate, environment, workers: 1, name: attempt },
      run,
      directory,
    );
    for (const pid of this.#workload.pids()) decisions.owners.add(pid);
    const { values } = subject;
    const startedNames = [basename(target).slice(0, NAME_CHARACTERS)];
    decisions.expect({ values, childNames: childNames(attempt, loader), startedNames });
  }

  up(): Promise<void> {
    return this.#workload.up();
  }

  begin(): void {
    this.#workload.begin();
  }

  stop(): Promise<unknown> {
    return this.#workload.stop();
  }

  kill(): void {
    this.#workload.kill();
  }

  get counts() {
    return this.#workload.counts();
  }

  get dead(): boolean {
    return this.#workload.dead() > 0;
  }

  /** Event lines since the soak began. */
  get lines(): number {
    return this.subject.decisions.lines - this.#linesBefore;
  }

  result(decided: Figure): SideResult {
    const { attempt, target, decisions } = this.subject;
    return {
      operation: attempt,
      target,
      attempts: this.counts,
      decisions: decided,
      lines: this.lines,
      linesByAction: Object.fromEntries(decisions.byAction),
    };
  }
}
