import { hash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { OwnFile } from '../../changes/own-file.ts';
import { OwnProcess } from '../../workload/own-process.ts';

const answer = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), sha256: z.string() }),
  z.object({ ok: z.literal(false), errno: z.string() }),
]);

const ANSWER_TIMEOUT_MS = 60_000;

/** A process of ours that cannot do its work without one file. */
export class Service {
  readonly #file: OwnFile;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #started: (pid: number | undefined) => void;
  #child: OwnProcess | undefined;

  constructor(
    file: OwnFile,
    environment: Readonly<Record<string, string>>,
    started: (pid: number | undefined) => void,
  ) {
    this.#started = started;
    this.#file = file;
    this.#environment = environment;
  }

  /**
   * Sends one request; starts the service first where it does not run, as a supervisor would.
   * @returns why it does not work, or undefined when it does.
   */
  async request(): Promise<string | undefined> {
    const child = this.#child?.isGone === false ? this.#child : await this.#start();
    const answered = this.#next(child);
    child.child.send('request');
    const text = await answered;
    if (typeof text === 'string') return text;
    const { data } = answer.safeParse(text.message);
    if (data === undefined) return 'its answer cannot be read';
    if (!data.ok) return `it answered ${data.errno}`;
    const isWhole = data.sha256 === hash('sha256', this.#file.content);
    return isWhole ? undefined : 'it read other content than was written';
  }

  stop(): void {
    this.#child?.kill();
  }

  async #start(): Promise<OwnProcess> {
    const script = new URL('service-process.ts', import.meta.url);
    const child = new OwnProcess(script, this.#file.path, this.#environment, () => {});
    this.#child = child;
    this.#started(child.pid);
    await this.#next(child);
    return child;
  }

  /** The next message, or in words how the process ended before it. */
  async #next({ child }: OwnProcess): Promise<{ message: unknown } | string> {
    const over = new AbortController();
    const { signal } = over;
    try {
      return await Promise.race([
        once(child, 'message', { signal }).then(([message]) => ({ message })),
        once(child, 'exit', { signal }).then(([code, ended]) =>
          ended === null ? `it exited with ${code}` : `it was ended by ${ended}`,
        ),
        sleep(ANSWER_TIMEOUT_MS, `it gave no answer within ${ANSWER_TIMEOUT_MS / 1000} s`, {
          signal,
        }),
      ]);
    } finally {
      over.abort();
    }
  }
}
