import { isStartTime, type ProcessFacts, readProcessFacts } from '../../host/process-facts.ts';
import { isRunning } from '../../host/processes.ts';
import type { ActorEvent } from './field-check.ts';

/**
 * The processes of ours whose decisions, and whose children's, we cause: this one, and every worker.
 * Looked at when their first event arrives: a worker has its name by then and still runs.
 */
export class OwnProcesses {
  readonly #pids = new Set([process.pid]);
  readonly #known = new Map<number, ProcessFacts | undefined>();

  add(pid: number): void {
    this.#pids.add(pid);
  }

  /** What we know of a process of ours; undefined when it ended before it was looked at. */
  of(pid: number): ProcessFacts | undefined {
    if (!this.#known.has(pid)) this.#known.set(pid, readProcessFacts(pid));
    return this.#known.get(pid);
  }

  /** The process of ours that caused it, by pid and start time: a pid may be used again by others. */
  causeOf({ pid, ppid, start_time, ...event }: ActorEvent): number | undefined {
    if (this.#pids.has(pid) && this.#isStill(pid, start_time)) return pid;
    const parentStart = 'parent_start_time' in event ? event.parent_start_time : 0;
    return this.#pids.has(ppid) && this.#isStill(ppid, parentStart) ? ppid : undefined;
  }

  #isStill(pid: number, told: number | undefined): boolean {
    const known = this.of(pid);
    // While it runs nobody else has its pid, whatever start time the event tells.
    return known === undefined || !told || isStartTime(told, known) || isRunning(known);
  }
}

/** Pids that work on one thing of ours; each is one of our processes as well. */
export class Owners extends Set<number> {
  readonly #all: OwnProcesses;

  constructor(all: OwnProcesses) {
    super();
    this.#all = all;
  }

  override add(pid: number): this {
    this.#all.add(pid);
    return super.add(pid);
  }
}
