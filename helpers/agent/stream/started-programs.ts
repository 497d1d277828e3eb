import type { ExecArgvEvent, ExecEvent } from '../contract/events.ts';

/** What the agent tells of the programs that one process of ours starts, by their pids. */
export class StartedPrograms {
  /** So many `exec` lines. */
  readonly starts = new Map<number, number>();
  /** The latest `exec_argv` line. */
  readonly arguments = new Map<number, ExecArgvEvent>();

  take(event: ExecEvent | ExecArgvEvent): void {
    if (event.type === 'exec') this.starts.set(event.pid, (this.starts.get(event.pid) ?? 0) + 1);
    // The line has no parent; the agent tells it behind that of the start.
    else if (this.starts.has(event.pid)) this.arguments.set(event.pid, event);
  }
}
