/**
 * The process that works: it lives through all blocks, so that the code and the memory are the same in each of them. The
 * operator's command is started from here in a process group of its own, and ends with this process.
 */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkAnswer, WorkOrder, WorkRequest } from './messages.ts';
import { PIECE_NAMES, type PieceName } from './pieces.ts';
import { timed, timedTimes } from './slice.ts';
import { makePieces, openOnce, openRefused, pathBytes, Refused } from './work.ts';

/** Enough for the compiler of the engine to have seen each piece. */
const WARM_UP_MS = 20;
const BUNCH_MS = 20;

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

function openDenied(): WorkAnswer {
  openOnce(denied);
  return { kind: 'opened' };
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

/** As the soak's workers do it: it wakes now and then, and makes what is due. */
async function paced(ms: number, perSecond: number): Promise<WorkAnswer> {
  const most = Math.max(1, Math.round((ms / 1000) * perSecond));
  const took: number[] = [];
  let refused = 0;
  const begun = performance.now();
  let last = begun;
  while (took.length < most) {
    const due = Math.min(most, Math.ceil(((performance.now() - begun) / 1000) * perSecond));
    for (let more = due - took.length; more > 0; more -= 1) {
      const before = performance.now();
      if (answerOf(openDenied).kind === 'refused') refused += 1;
      last = performance.now();
      took.push(1000 * (last - before));
    }
    await sleep(BUNCH_MS);
  }
  const p50 = took.toSorted((one, other) => one - other)[Math.floor(most / 2)] ?? 0;
  return { kind: 'paced', opens: most, denied: refused, ms: last - begun, p50 };
}

const say = (answer: WorkAnswer) => process.send?.(answer);

process.on('message', (request: WorkRequest | 'stop') => {
  if (request === 'stop') process.disconnect?.();
  else if (request.ask === 'command') command(request.command, request.timeoutMs);
  else if (request.ask === 'opens') say(answerOf(() => opens(request)));
  else if (request.ask === 'denied') say(answerOf(openDenied));
  else if (request.ask === 'paced') void paced(request.ms, request.perSecond).then(say);
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
