import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/** Real documents are a few kilobytes; a flood must not take the harness's memory. */
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

/** Output of a program that has ended is in the pipe already; what still holds it open is another. */
const OUTPUT_GRACE_MS = 5000;

interface Limits {
  /** The only environment that the program gets. */
  readonly env: Readonly<Record<string, string>>;
  /** It is killed after this. */
  readonly timeoutMs: number;
  /** It is killed when this fires. */
  readonly cancelSignal?: AbortSignal;
}

/** What is left of a program that has ended. */
export interface EndedProgram {
  /** Undefined when a signal ended it, or it could not be started. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly timedOut: boolean;
  /** Why it could not be started. */
  readonly notStarted: NodeJS.ErrnoException | undefined;
  readonly durationMs: number;
}

const NOTHING: EndedProgram = {
  exitCode: undefined,
  signal: undefined,
  stdout: Buffer.alloc(0),
  stderr: '',
  timedOut: false,
  notStarted: undefined,
  durationMs: 0,
};

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Everything that comes, as long as it is not too much. */
function collected(stream: Readable, tooMuch: () => void): () => Buffer {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_OUTPUT_BYTES) tooMuch();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks);
}

/**
 * Starts a program without a shell and with nothing to read; it does not outlive us. Whatever it comes to is told when
 * it has ended, and never thrown. On Node's own `spawn` (docs/decisions/8-programs-by-nodes-spawn.md).
 */
export function startProgram(path: string, args: readonly string[], limits: Limits) {
  try {
    return watched(
      spawn(path, args, { env: limits.env, stdio: ['ignore', 'pipe', 'pipe'] }),
      limits,
    );
  } catch (error) {
    // Some errors come as an event, and some, such as ENOTDIR and E2BIG, are thrown.
    const ended = Promise.resolve({ ...NOTHING, notStarted: error as NodeJS.ErrnoException });
    return { pid: undefined, kill: () => false, send: () => false, ended };
  }
}

function watched(
  child: ChildProcess & { stdout: Readable; stderr: Readable },
  { timeoutMs, cancelSignal }: Limits,
) {
  const begun = performance.now();
  const kill = () => child.kill('SIGKILL');
  const [stdout, stderr] = [collected(child.stdout, kill), collected(child.stderr, kill)];
  let timedOut = false;
  let notStarted: NodeJS.ErrnoException | undefined;
  const deadline = setTimeout(() => {
    timedOut = kill();
  }, timeoutMs);
  cancelSignal?.addEventListener('abort', kill);
  running.add(child);
  child.on('error', (error) => {
    if (child.pid === undefined) notStarted = error;
  });
  const letGo = () => {
    child.stdout.destroy();
    child.stderr.destroy();
  };
  child.once('exit', () => setTimeout(letGo, OUTPUT_GRACE_MS).unref());
  const ended = new Promise<EndedProgram>((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(deadline);
      cancelSignal?.removeEventListener('abort', kill);
      running.delete(child);
      resolve({
        // Of one that was not started, Node gives the errno.
        exitCode: notStarted === undefined ? (code ?? undefined) : undefined,
        signal: signal ?? undefined,
        stdout: stdout(),
        stderr: stderr().toString('utf8'),
        timedOut,
        notStarted,
        durationMs: performance.now() - begun,
      });
    });
  });
  const send = (signal: NodeJS.Signals) => child.kill(signal);
  return { pid: child.pid, kill, send, ended };
}
