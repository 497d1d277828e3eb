import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { COMPILE_CACHE } from '../files/compile-cache.mjs';
import { jsonOf } from '../files/ndjson.ts';
import type { Launch } from './launch.ts';
import type { Answer, ProbeOrder, Site } from './site.ts';
import type { Kind, Route } from './table.ts';

const SCRIPT = fileURLToPath(new URL('probe-process.ts', import.meta.url));
/** An emulated host takes seconds to start one, and all are started at once. */
const ANSWER_MS = 120_000;

/** How an answer in words begins that says nothing of the host: the process was ended by a signal, ours or another's. */
export const NO_ANSWER = 'its process gave no answer';

/** The first line of a probe process: its pid as the host sees it. */
const greeting = z.object({ pid: z.number().int() });
const answer: z.ZodType<Answer> = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('passed') }),
  z.object({ outcome: z.literal('refused'), errno: z.string(), call: z.string() }),
]);

/** A process that takes routes, from the harness's side. */
export class Probe {
  readonly kind: Kind;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<number | undefined>;
  #up: Promise<number | string> | undefined;
  #complaint = '';
  #isLate = false;

  readonly #launch: Launch;

  constructor(
    kind: Kind,
    site: Site,
    environment: Readonly<Record<string, string>>,
    launch: Launch = { before: [] },
  ) {
    this.kind = kind;
    this.#launch = launch;
    const order: ProbeOrder = { kind, site };
    const command = [process.execPath, SCRIPT, JSON.stringify(order)];
    const [program, ...args] = [...launch.before, ...command];
    this.#child = spawn(program ?? '', args, { env: { ...environment, ...COMPILE_CACHE } });
    this.#child.stderr.on('data', (chunk: Buffer) => {
      if (this.#complaint.length < 500) this.#complaint += chunk.toString('utf8');
    });
    this.#child.stdin.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code) => resolve(code ?? undefined));
      this.#child.once('error', ({ message }) => {
        this.#complaint = message;
        resolve(undefined);
      });
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Waits until it is of its kind. @returns its pid, or in words why it is not. */
  up(): Promise<number | string> {
    this.#up ??= this.#next().then(
      async (line) => greeting.safeParse(line).data?.pid ?? this.#why(),
    );
    return this.#up;
  }

  /** Lets it take the route. @returns what came of it, or in words why that is unknown. */
  async take(route: Route): Promise<Answer | string> {
    this.#child.stdin.write(`${route}\n`);
    const told = answer.safeParse(await this.#next());
    if (told.success) return told.data;
    // What replaced the process ended as that program does.
    if (route === 'execveat' && (await this.#ended) === 0) return { outcome: 'passed' };
    return this.#why();
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    await this.#launch.ended?.(await this.#ended);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async #next(): Promise<unknown> {
    const timer = setTimeout(() => {
      this.#isLate = true;
      this.kill();
    }, ANSWER_MS);
    const { value, done } = await this.#lines.next();
    clearTimeout(timer);
    return done === true ? undefined : jsonOf(value);
  }

  async #why(): Promise<string> {
    const code = await this.#ended;
    if (code === undefined && this.#child.pid !== undefined)
      return `${NO_ANSWER} and was ended by ${this.#child.signalCode ?? 'a signal'}${this.#isLate ? `, after ${ANSWER_MS / 1000} s` : ''}`;
    const [lastLine = ''] = this.#complaint.trim().split('\n').slice(-1);
    const complaint =
      /^(?:unshare: .*|Failed to .*|Error: .*|.*: [A-Z]+)$/m.exec(this.#complaint)?.[0] ?? lastLine;
    return `its process ended with ${code ?? 'a signal'}: ${complaint}`;
  }
}
