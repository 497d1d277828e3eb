/** One process of the race: opens both files by all their names, or lets them change places until it is told to stop. */
import { closeSync, constants, fstatSync, openSync, renameSync, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { call } from './libc.ts';
import {
  MOST_DENIALS,
  MOST_OPENS,
  type Opened,
  RACE_NAMES,
  type RaceAnswer,
  type RaceOrder,
} from './rename-race.ts';

const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;
/** So many rounds before it looks whether it is told to stop, and altogether. */
const AT_ONCE = 100;
const MOST_ROUNDS = 1_000_000;

const order: RaceOrder = JSON.parse(process.argv[2] ?? '');
process.chdir(order.directory);
const { denied, free, away, link } = RACE_NAMES;
let isStopped = false;

const say = (answer: RaceAnswer) => process.send?.(answer);
const inode = (stat: { readonly ino: bigint }) =>
  String(stat.ino) === order.denied ? 'denied' : 'free';

/** What came of one open. */
function outcomeOf(path: string): 'denied' | 'free' | string {
  try {
    const fd = openSync(path, constants.O_RDONLY);
    const outcome = inode(fstatSync(fd, { bigint: true }));
    closeSync(fd);
    return outcome;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

/** By both names, by a symbolic link to one, and by the path from the root. */
function openAll(): Opened {
  const names = [denied, free, link, `${order.directory}/${free}`, `/proc/self/cwd/${denied}`];
  const last = new Map<string, string>();
  const opened = { denied: 0, free: 0 };
  const refused: Record<string, number> = {};
  let turns = 0;
  for (let count = 0; count < MOST_OPENS && (refused.EPERM ?? 0) < MOST_DENIALS; count += 1) {
    const name = names[count % names.length] ?? denied;
    const outcome = outcomeOf(name);
    // Between two renames the name is not there.
    if (outcome === 'ENOENT') continue;
    if (outcome === 'denied' || outcome === 'free') opened[outcome] += 1;
    else refused[outcome] = (refused[outcome] ?? 0) + 1;
    if (last.has(name) && last.get(name) !== outcome) turns += 1;
    last.set(name, outcome);
  }
  return { kind: 'opened', ...opened, refused, turns };
}

const exchange = () => call('renameat2', AT_FDCWD, denied, AT_FDCWD, free, RENAME_EXCHANGE);

/** At once by an exchange, and then in three steps. */
function changePlaces(round: number): void {
  if (round % 2 === 0) {
    exchange();
    return;
  }
  renameSync(denied, away);
  renameSync(free, denied);
  renameSync(away, free);
}

async function exchangeAll(): Promise<RaceAnswer> {
  let rounds = 0;
  while (!isStopped && rounds < MOST_ROUNDS) {
    for (let count = 0; count < AT_ONCE; count += 1) changePlaces(rounds + count);
    rounds += AT_ONCE;
    await setImmediate();
  }
  // As they were found.
  if (inode(statSync(denied, { bigint: true })) !== 'denied') exchange();
  return { kind: 'exchanged', rounds };
}

async function run(): Promise<void> {
  try {
    say(order.role === 'open' ? openAll() : await exchangeAll());
  } catch (error) {
    say({ kind: 'failed', why: (error as Error).message });
  }
  process.disconnect?.();
}

process.on('message', (message) => {
  if (message === 'go') void run();
  else isStopped = true;
});
say({ kind: 'up' });
