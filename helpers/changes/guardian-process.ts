import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { COMPILE_CACHE } from '../files/compile-cache.mjs';
import { privateDirectory, RUNTIME_DIRECTORY } from '../files/private-directory.ts';
import { processIdentity } from '../host/processes.ts';
import { whyNot } from '../settings/cannot-begin.ts';
import { journalIdentity } from './journal.ts';
import type { UndoReport } from './undo.ts';

/**
 * What is locked: a folder of every host, and not a file of ours, for that could be removed, and a
 * second canary would lock the next one of that name.
 */
const LOCKED = '/run';
/** Says who holds the lock. */
const HOLDER_FILE = join(RUNTIME_DIRECTORY, 'lock');
/** flock(1) exits with this when somebody else holds the lock; no other exit of ours uses it. */
const LOCKED_EXIT_CODE = 75;
const FLOCK_PATHS = ['/usr/bin/flock', '/bin/flock'];

const message = z.object({
  state: z.enum(['ready', 'finished']),
  report: z.object({
    undone: z.array(z.string()).readonly(),
    problems: z.array(z.string()).readonly(),
  }),
  journal: journalIdentity.optional(),
});
export type GuardianMessage = z.output<typeof message>;

/** Who holds the lock: told to whoever comes second. */
export interface LockHolder {
  readonly pid: number;
  readonly since: string;
  readonly runDirectory: string;
}

/** Thrown when another canary runs on this host, or the guardian cannot be started. */
export class GuardianError extends Error {
  override readonly name = 'GuardianError';
}

function whoHoldsTheLock(): string {
  try {
    const holder = JSON.parse(readFileSync(HOLDER_FILE, 'utf8')) as Partial<LockHolder>;
    return `pid ${holder.pid}, since ${holder.since}, evidence in ${holder.runDirectory}`;
  } catch {
    return `it is starting, or undoing what it did, or somebody removed ${HOLDER_FILE}`;
  }
}

/** A guardian that holds the lock and waits for the run to end. */
export type Guardian = Awaited<ReturnType<typeof startGuardian>>;

/** Its messages, one a line; undefined once it is gone. */
function messagesOf({ stdout }: ChildProcess): () => Promise<GuardianMessage | undefined> {
  if (stdout === null) throw new GuardianError('the guardian has no standard output');
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await lines.next();
    return done === true ? undefined : message.parse(JSON.parse(value));
  };
}

/**
 * Starts the guardian and waits until it holds the host's lock.
 * @throws GuardianError naming who holds the lock, or why the guardian did not start.
 */
export async function startGuardian(holder: LockHolder, purpose: 'run' | 'recover') {
  const flock = FLOCK_PATHS.find((path) => existsSync(path));
  if (flock === undefined) throw new GuardianError('flock(1) is missing; install util-linux');
  const why = whyNot(() => privateDirectory(RUNTIME_DIRECTORY));
  if (why !== undefined) throw new GuardianError(why);
  const script = fileURLToPath(new URL('guardian.ts', import.meta.url));
  const lock = ['--nonblock', '--no-fork', `--conflict-exit-code=${LOCKED_EXIT_CODE}`, LOCKED];
  const guardian = [process.execPath, script, HOLDER_FILE, JSON.stringify(holder), purpose];
  const child = spawn(flock, [...lock, ...guardian], {
    // A session of its own: the terminal's Ctrl-C must reach the run, not the one that cleans up.
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: '/usr/bin:/bin', ...COMPILE_CACHE },
    cwd: '/',
  });
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`),
    );
  });
  // It may die before it is asked to finish.
  child.stdin?.on('error', () => {});
  const next = messagesOf(child);
  const ready = await next();
  if (ready === undefined) {
    const ended = await exited;
    throw new GuardianError(
      child.exitCode === LOCKED_EXIT_CODE
        ? `another canary holds this host (${whoHoldsTheLock()}); one runs at a time, wait for it to end`
        : `the guardian that undoes a run did not start (it ${ended}); nothing was touched`,
    );
  }
  const lost = Promise.withResolvers<string>();
  const tell = (how: string) =>
    lost.resolve(
      `the run lost its guardian (pid ${child.pid}), which ${how}: from then on nobody held this host for the run, and no further agent was started`,
    );
  let asked = false;
  void exited.then((how) => asked || tell(how));
  return {
    /** What an earlier run had left behind and was undone now. */
    recovered: ready.report,
    /** The journal that the run is to be written into; none where recovering left something. */
    journal: ready.journal,
    /** Its process; undefined when it is gone already. */
    identity: child.pid === undefined ? undefined : processIdentity(child.pid),
    /** In words that it is gone, once it has died before it had undone the run. */
    lost: lost.promise,
    /** Asks for everything to be undone and waits for the report; none comes when it has died. */
    async finish(): Promise<UndoReport | undefined> {
      asked = true;
      child.stdin?.end('finish');
      const finished = await next();
      const how = await exited;
      if (finished === undefined) tell(how);
      return finished?.report;
    },
  };
}
