/**
 * The process that works: it lives through all blocks, so that the code and the memory are the same in each of them. The
 * operator's command is started from here in a process group of its own, and ends with this process.
 */
import { spawn } from 'node:child_process';
import type { WorkAnswer, WorkOrder, WorkRequest } from './messages.ts';
import { PIECE_NAMES, type PieceName } from './pieces.ts';
import { timed, timedTimes } from './slice.ts';
import { makePieces, openOnce, openRefused, pathBytes, Refused } from './work.ts';

/** Enough for the compiler of the engine to have seen each piece. */
const WARM_UP_MS = 20;

const order: WorkOrder = JSON.parse(process.argv[2] ?? '');
const pieces = makePieces(order.free);
const denied = pathBytes(order.denied);
let running: number | undefined;

function answerOf(work: () => WorkAnswer): WorkAnswer {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { kind: 'refused', call: error.call, errno: error.errno };
  }
}

function slice(name: PieceName, ms: number): WorkAnswer {
  const { begin, once, between } = pieces[name];
  begin?.();
  return { kind: 'slice', times: timed(ms, once, between) };
}

function opens({ denied, ...counts }: Extract<WorkRequest, { ask: 'opens' }>): WorkAnswer {
  const path = pathBytes(denied);
  return {
    kind: 'opens',
    free: timedTimes(counts.opens, pieces.open.once),
    denied: timedTimes(counts.denials, () => openRefused(path)),
    stat: timedTimes(counts.opens, pieces.stat.once),
  };
}

function endCommand(): void {
  if (running === undefined) return;
  try {
    process.kill(-running, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

function command([program = '', ...args]: readonly string[], timeoutMs: number): void {
  const begun = performance.now();
  const child = spawn(program, args, { cwd: '/', stdio: 'ignore', detached: true });
  running = child.pid;
  let isLate = false;
  const late = setTimeout(() => {
    isLate = true;
    endCommand();
  }, timeoutMs);
  const ended = (end: string) => {
    clearTimeout(late);
    endCommand();
    running = undefined;
    say({
      kind: 'command',
      ms: performance.now() - begun,
      end: isLate ? `did not end within ${timeoutMs / 1000} s` : end,
    });
  };
  child.once('error', ({ message }) => ended(`could not be started: ${message}`));
  child.once('exit', (code, signal) =>
    ended(code === 0 ? 'exit 0' : `ended with ${signal ?? `exit ${code}`}`),
  );
}

const say = (answer: WorkAnswer) => process.send?.(answer);

process.on('message', (request: WorkRequest | 'stop') => {
  if (request === 'stop') process.disconnect?.();
  else if (request.ask === 'command') command(request.command, request.timeoutMs);
  else if (request.ask === 'opens') say(answerOf(() => opens(request)));
  else if (request.ask === 'denied')
    say(
      answerOf(() => {
        openOnce(denied);
        return { kind: 'opened' };
      }),
    );
  else {
    say(answerOf(() => slice(request.piece, request.ms)));
  }
});
process.on('disconnect', () => {
  endCommand();
  process.exit(0);
});
for (const name of PIECE_NAMES) slice(name, WARM_UP_MS);
say({ kind: 'up' });
