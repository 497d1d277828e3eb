import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE } from '../files/compile-cache.mjs';

/** A process of ours for what the agent may signal or refuse; it tells by IPC what it met, and ends when it is asked to. */
export class OwnProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;

  /**
   * @param script of the process. @param argument as its only one.
   * @param told gets each message, unchecked.
   */
  constructor(
    script: URL,
    argument: string,
    environment: Readonly<Record<string, string>>,
    told: (message: unknown) => void,
  ) {
    this.child = fork(fileURLToPath(script), [argument], {
      env: { ...environment, ...COMPILE_CACHE },
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child.on('message', told);
    this.child.on('error', () => {});
    // Not at 'exit', which may come before the last message is read: 'close' comes after both.
    this.ended = new Promise((resolve) => this.child.once('close', () => resolve()));
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get isGone(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** By which signal, or with which exit code it ended. */
  get end(): string {
    return this.child.signalCode ?? `exit ${this.child.exitCode}`;
  }

  /** Asks it to end, and waits for that; it is killed after the time. */
  async stop(timeoutMs: number): Promise<void> {
    if (this.child.connected) this.child.send('stop');
    const timer = setTimeout(() => this.kill(), timeoutMs);
    await this.ended;
    clearTimeout(timer);
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}
