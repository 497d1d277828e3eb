import type { ExecArgvEvent, ExecEvent } from '../contract/events.ts';

/** What the agent tells of the programs that one process of ours starts, by their pids. */
export class StartedPrograms {
  /** So many `exec` lines. */
  readonly starts = new Map<number, number>();
  /** The latest `exec_argv` line. */
  readonly arguments = new Map<number, ExecArgvEvent>();

  /** So many `exec_argv` lines. */
  readonly argumentLines = new Map<number, number>();

  take(event: ExecEvent | ExecArgvEvent): void {
    const { pid } = event;
    const counts = event.type === 'exec' ? this.starts : this.argumentLines;
    // The line of the arguments has no parent; the agent tells it behind that of the start.
    if (event.type === 'exec_argv' && !this.starts.has(pid)) return;
    counts.set(pid, (counts.get(pid) ?? 0) + 1);
    if (event.type === 'exec_argv') this.arguments.set(pid, event);
  }
}
