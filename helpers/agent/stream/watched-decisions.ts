import type { BlockEvent, NetBlockEvent } from '../contract/events.ts';
import { CrossExamination, type ExpectedFields } from './cross-examination.ts';
import { ExecLines } from './exec-lines.ts';
import { Owners, type OwnProcesses } from './own-processes.ts';

/** The first events are kept whole, for the probes; a soak's millions are only counted. */
const KEPT_EVENTS = 1000;

/** What is counted of the decisions on one thing of ours. */
export interface Decisions {
  readonly lines: number;
  /** Lines by a process of ours: an owner, or a child that an owner started. */
  readonly ownLines: number;
  readonly byAction: ReadonlyMap<string, number>;
  /** Lines of our own processes by the name of the thread that acted, where its owners bear several. */
  readonly byName: ReadonlyMap<string, number>;
  /** Pids of ours that work on it; entered before they do. */
  readonly owners: Set<number>;
  readonly examination: CrossExamination;
  /** Lines of the start of its owners and of their programs. */
  readonly execLines: ExecLines;
  /** What its lines must tell besides who acted. */
  expect(expected: ExpectedFields): void;
}

/** Decisions on one file or address of ours, counted as their event lines arrive. */
export class WatchedDecisions<E extends BlockEvent | NetBlockEvent = BlockEvent>
  implements Decisions
{
  lines = 0;
  ownLines = 0;
  readonly byAction = new Map<string, number>();
  readonly byName = new Map<string, number>();
  readonly first: E[] = [];
  readonly owners: Owners;
  readonly examination: CrossExamination;
  readonly execLines: ExecLines;

  #namesAreCounted = false;

  constructor(processes: OwnProcesses) {
    this.owners = new Owners(processes);
    this.examination = new CrossExamination(processes, this.owners);
    this.execLines = new ExecLines(this.owners);
  }

  expect(expected: ExpectedFields): void {
    this.#namesAreCounted = expected.byName !== undefined;
    this.examination.expect(expected);
    this.execLines.examination.expect(expected);
  }

  /** Keeps the next events whole again: for a probe after a load that filled the room for them. */
  keepAnew(): void {
    this.first.length = 0;
  }

  count(event: E): void {
    this.lines += 1;
    if (this.owners.has(event.pid) || this.owners.has(event.ppid)) {
      this.ownLines += 1;
      if (this.#namesAreCounted)
        this.byName.set(event.comm, (this.byName.get(event.comm) ?? 0) + 1);
    }
    this.byAction.set(event.action, (this.byAction.get(event.action) ?? 0) + 1);
    if (this.first.length < KEPT_EVENTS) this.first.push(event);
  }
}

export type FileDecisions = WatchedDecisions<BlockEvent>;
export type PortDecisions = WatchedDecisions<NetBlockEvent>;
