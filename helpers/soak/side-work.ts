import { basename } from 'node:path';
import type { Decisions } from '../agent/stream/watched-decisions.ts';
import type { AttemptKind } from '../workload/attempt-counts.ts';
import type { AttemptSubject } from '../workload/attempts.ts';
import { childNames, NAME_CHARACTERS } from '../workload/programs.ts';
import type { Workload } from '../workload/workload.ts';

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
  readonly workload: Workload;
  readonly #linesBefore: number;

  constructor(subject: SideSubject, workload: Workload) {
    const { target, loader, attempt, decisions, values } = subject;
    this.subject = subject;
    this.workload = workload;
    this.#linesBefore = decisions.ownLines;
    const startedNames = [basename(target).slice(0, NAME_CHARACTERS)];
    decisions.expect({ values, childNames: childNames(attempt, loader), startedNames });
  }

  get counts() {
    return this.workload.counts();
  }

  /** Event lines of our own processes since the soak began. */
  get ownLines(): number {
    return this.subject.decisions.ownLines - this.#linesBefore;
  }

  /** Connects are counted by address, all else by inode. */
  get connects(): boolean {
    return 'ip' in this.subject.counted;
  }
}
