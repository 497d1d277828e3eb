import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isRunning, processIdentity } from '../host/processes.ts';
import { OwnProcess } from './own-process.ts';

let folder: ReturnType<typeof dirSync>;
const started: OwnProcess[] = [];
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
});
afterEach(() => {
  for (const one of started.splice(0)) one.kill();
  folder.removeCallback();
});

/** A process that says that it is up, and does this when it is asked to stop. */
async function ownProcess(name: string, whenStopped: string, told: (message: unknown) => void) {
  const script = join(folder.name, `${name}.mjs`);
  writeFileSync(
    script,
    `import { existsSync, readdirSync, writeFileSync } from 'node:fs';
    process.on('message', () => { ${whenStopped} });
    process.send('up');`,
  );
  const made = new OwnProcess(pathToFileURL(script), '', { PATH: '/usr/bin:/bin' }, told);
  started.push(made);
  await once(made.child, 'message');
  const identity = processIdentity(made.pid ?? 0);
  if (identity === undefined) throw new Error(`${name} is gone`);
  // Its first thread may have ended before the others.
  const threads = () => readdirSync(`/proc/${identity.pid}/task`).length;
  return { made, hasEnded: () => !isRunning(identity) && threads() === 1 };
}

/** Nothing of this process runs in the meantime. */
function blockUntil(condition: () => boolean): void {
  while (!condition()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
}

test('the last words of a process are heard before it counts as ended, however late its parent listens', async () => {
  const [spoken, heardOf] = [join(folder.name, 'spoken'), join(folder.name, 'heard')];
  const heard: unknown[] = [];
  const quick = await ownProcess('quick', 'process.exit(0);', () => {});
  const last = await ownProcess(
    'last',
    `const waiting = setInterval(() => {
      if (!existsSync('${heardOf}')) return;
      clearInterval(waiting);
      process.send('last words');
      process.disconnect();
    }, 10);`,
    (message) => heard.push(message),
  );
  // While this one is listened to, the last one ends: its end is seen with that of the quick one, its words are not read yet.
  const other = await ownProcess(
    'other',
    `process.send('busy', () => writeFileSync('${spoken}', ''));`,
    (message) => {
      if (message !== 'busy') return;
      writeFileSync(heardOf, '');
      blockUntil(last.hasEnded);
    },
  );
  const ended = last.made.stop(60_000);
  const quickEnded = quick.made.stop(60_000);
  other.made.child.send('stop');
  blockUntil(() => quick.hasEnded() && existsSync(spoken));
  await Promise.all([ended.then(() => heard.push('ended')), quickEnded]);
  expect(heard).toEqual(['up', 'last words', 'ended']);
});
