import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
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

/** One question for a process of its own. */
interface Question<T> {
  readonly script: URL;
  /** What the script is told, as JSON. */
  readonly order: unknown;
  /** Of its one message. */
  readonly answer: z.ZodType<T>;
  readonly environment: Readonly<Record<string, string>>;
  /** It is killed after this. */
  readonly patienceMs: number;
  /** Is told its pid at once, for what the agent tells of it and its children. */
  readonly begun?: (pid: number) => void;
}

/** Asks a process that answers once and ends. @returns how it ended where it told nothing that can be read. */
export async function askedOnce<T>({
  script,
  order,
  answer,
  environment,
  patienceMs,
  begun,
}: Question<T>): Promise<{ readonly told: T } | { readonly end: string }> {
  let told: T | undefined;
  const child = new OwnProcess(script, JSON.stringify(order), environment, (message) => {
    told = answer.safeParse(message).data;
  });
  if (child.pid !== undefined) begun?.(child.pid);
  const timer = setTimeout(() => child.kill(), patienceMs);
  await child.ended;
  clearTimeout(timer);
  return told === undefined ? { end: child.end } : { told };
}
