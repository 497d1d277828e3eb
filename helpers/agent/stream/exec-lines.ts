import { argumentsOf, type ProcessFacts, readProcessFacts } from '../../host/process-facts.ts';
import { isRunning } from '../../host/processes.ts';
import type { ExecArgvEvent, ExecEvent } from '../contract/events.ts';
import { CrossExamination } from './cross-examination.ts';
import { type Owners, OwnProcesses } from './own-processes.ts';

const isChild = (known: ProcessFacts | undefined): known is ProcessFacts =>
  known?.parentPid === process.pid;

/**
 * The agent's lines about the start of owners, and of the programs that owners start. Other children of
 * this process may be started through further programs, whose names and cgroups we do not know.
 */
export class ExecLines {
  /** What is known of a process here is remembered here alone: lines of decisions come later. */
  readonly #processes = new OwnProcesses();
  readonly #owners: Owners;
  readonly examination: CrossExamination;

  constructor(owners: Owners) {
    this.#owners = owners;
    this.examination = new CrossExamination(this.#processes, owners);
  }

  /** @returns false for the start of a process that no owner is or started. */
  take(event: ExecEvent, text: string): boolean {
    if (!this.#owners.has(event.pid) && !this.#owners.has(event.ppid)) return false;
    const cause = this.#causeOf(event);
    if (cause === undefined) this.examination.unknown += 1;
    else this.examination.examine(event, cause, text)();
    return true;
  }

  /**
   * The same of the line that tells its arguments. Of the programs that owners start we know none: they
   * have ended by then.
   */
  takeArguments(event: ExecArgvEvent, text: string): boolean {
    if (!this.#owners.has(event.pid)) return false;
    const started = argumentsOf(event.pid);
    // Until the new program runs, the process has the arguments of this one.
    const isEarly = String(started) === String(argumentsOf(process.pid));
    if (started === undefined || isEarly) this.examination.unknown += 1;
    else this.examination.examineArguments(event, started, text);
    return true;
  }

  /** The line has no start time of the parent: only one that still runs is surely an owner. */
  #causeOf({ pid, ppid }: ExecEvent): number | undefined {
    if (this.#owners.has(pid) && (ppid === process.pid || isChild(readProcessFacts(pid))))
      return pid;
    const parent = this.#owners.has(ppid) ? this.#processes.of(ppid) : undefined;
    return isChild(parent) && isRunning(parent) ? ppid : undefined;
  }
}
