import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { endText } from '../../agent/command.ts';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import { fail, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';

const AGAIN_MS = 250;
const CONNECT_MS = 10_000;
/** So many wait for the agent at once, beside those that read: its endpoint takes 16 (docs/agent-contract.md §3.3). */
export const IMPATIENT = 12;
/** The queue of a Unix socket is full: a connect fails there, where one by TCP waits (connect(2)). */
const QUEUE_FULL = 'EAGAIN';
/** The signal of a process that writes to a connection which is gone, and does not say that it wants none (send(2), MSG_NOSIGNAL). */
const WROTE_IN_VAIN = 'SIGPIPE';

/** Whether the agent runs, and how it ended. */
export type Ends = Pick<ReadyDaemon, 'isRunning' | 'exit'>;

/** A socket on which the agent serves one client after the other, and what it means where it does not. */
interface ServedSocket {
  readonly target: NetConnectOpts;
  readonly source: string;
  /** What those say that are gone before the answer. */
  readonly request: string;
  /** One who waits for the answer. */
  readonly isAnswered: () => Promise<boolean>;
  readonly patienceMs: number;
  readonly name: string;
  readonly answered: string;
  readonly whenHeld: string;
  readonly whenEnded: string;
}

/**
 * One client says nothing, others ask and are gone when their answer is written, and one who waits must have its own. An agent that any
 * of them ends enforces nothing until it is started anew.
 */
export async function harmsNobody(daemon: Ends, served: ServedSocket): Promise<Judgement> {
  const { source, patienceMs, name, answered, whenHeld } = served;
  const silent = await connectTo(served.target);
  if (typeof silent === 'string')
    throw noEvidence(`a second client could not connect to the ${name}: ${silent}`, { source });
  try {
    const begun = performance.now();
    const waited = () => Math.round(performance.now() - begun);
    let gone = 0;
    while (waited() < patienceMs) {
      const problem = gone < IMPATIENT ? await askAndGo(served) : undefined;
      if (gone < IMPATIENT && problem === undefined) {
        gone += 1;
        continue;
      }
      const ok = problem === undefined && (await served.isAnswered());
      const answeredMs = waited();
      await sleep(AGAIN_MS);
      if (!daemon.isRunning()) return ended(daemon, served, gone);
      if (problem !== undefined && problem !== QUEUE_FULL)
        throw noEvidence(
          `${gone} of ${IMPATIENT} clients could connect to the ${name} at once: ${problem}`,
          { source },
        );
      if (ok)
        return pass(`${words(gone)} ${answered} after ${answeredMs} ms`, {
          ...{ value: answeredMs, limit: patienceMs, unit: 'ms', source },
        });
    }
    return fail(`${words(gone)} ${answered} to nobody for ${patienceMs / 1000} s: ${whenHeld}`, {
      value: 'no answer',
      limit: patienceMs,
      unit: 'ms',
      source,
    });
  } finally {
    silent.destroy();
  }
}

const words = (gone: number) =>
  `with a client connected that said nothing, and ${gone} behind it that asked and went before the answer,`;

/** An end that any other cause may have is for `coverage.alive`. */
function ended({ exit }: Ends, { source, whenEnded }: ServedSocket, gone: number): Judgement {
  const end = exit();
  if (end?.signal !== WROTE_IN_VAIN) throw noEvidence('the agent ended meanwhile', { source });
  return fail(
    `${words(gone)} the agent ${endText(end)}: it wrote an answer to one that was gone; ${whenEnded}`,
    { value: WROTE_IN_VAIN, limit: 'alive', source },
  );
}

/** @returns why not, where it does not connect. */
async function connectTo(target: NetConnectOpts): Promise<Socket | string> {
  const socket = connect(target);
  // The agent may end it whenever it likes.
  socket.on('error', () => undefined);
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_MS) });
    return socket;
  } catch (error) {
    socket.destroy();
    const { code, message } = error as NodeJS.ErrnoException;
    return code ?? message;
  }
}

/**
 * Asks, says that it has no more to say, and is gone: on such a connection the first write fails with EPIPE; without these words one by
 * TCP would meet ECONNRESET, which sends no signal (tcp(7)).
 * @returns why not, where it does not connect.
 */
async function askAndGo({ target, request }: ServedSocket): Promise<string | undefined> {
  const socket = await connectTo(target);
  if (typeof socket === 'string') return socket;
  await new Promise<void>((said) => socket.end(request, () => said()));
  // Only a connection by TCP can be reset; one of a Unix socket is gone at once.
  if ('path' in target) socket.destroy();
  else socket.resetAndDestroy();
  return undefined;
}
