import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { areSurelyMore, UnitWorkload } from './unit-workload.ts';

let hostRoot: string;
beforeEach(() => {
  hostRoot = mkdtempSync(join(tmpdir(), 'unit-workload-'));
  mkdirSync(join(hostRoot, 'usr/bin'), { recursive: true });
  tool('journalctl', '[ "$2" != --lines=1 ] || echo "Started app.service."');
});
afterEach(() => rmSync(hostRoot, { recursive: true }));

function tool(name: string, script: string): void {
  const path = join(hostRoot, 'usr/bin', name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

/** What systemctl tells from now on. */
const systemdSays = (properties: Readonly<Record<string, string>> = {}) =>
  tool(
    'systemctl',
    Object.entries({
      ...{ LoadState: 'loaded', ActiveState: 'active', Result: 'success', ExecMainStatus: '0' },
      ...{ NRestarts: '3', InvocationID: 'one', ActiveEnterTimestampMonotonic: '1' },
      SubState: 'running',
      ...properties,
    })
      .map(([name, value]) => `echo '${name}=${value}'`)
      .join('\n'),
  );

const watch = (health?: readonly string[], isAlone = false) =>
  new UnitWorkload({
    ...{ unit: 'app.service', isAlone },
    health,
    hostRoot,
    environment: { PATH: '/usr/bin:/bin' },
  });

async function watched(act: () => void = () => undefined, health?: readonly string[]) {
  const unit = watch(health);
  await unit.untilItEnds(300);
  act();
  await unit.untilItEnds(20_000);
  await unit.stop();
  return unit.failures[0];
}

test('a unit that is active, healthy and quiet has not failed, and what is told of it counts the looks', async () => {
  systemdSays();
  const unit = watch(['/bin/true']);
  await sleep(500);
  systemdSays({ ActiveState: 'reloading' });
  await sleep(700);
  await unit.stop();
  expect(unit.failed).toBe(0);
  expect(unit.told).toMatch(
    /^app\.service was active .* health command too, 2 times it was looked at, with 0 entries of priority err in its journal, and 0 in as long before$/,
  );
  expect(unit.output).toMatch(/^\S+Z active and healthy\n/);
});

test('of a unit that the journal holds nothing of nobody knows its errors, but by its own health command', async () => {
  systemdSays();
  const quiet = watch();
  await quiet.stop();
  expect(quiet.untold).toBeUndefined();
  tool('journalctl', 'exit 0');
  const unheard = watch();
  await unheard.stop();
  expect(unheard.failed).toBe(0);
  expect(unheard.untold).toMatch(/^stayed active, and the journal holds nothing of it at all/);
  const healthy = watch(['/bin/true']);
  await healthy.stop();
  expect(healthy.untold).toBeUndefined();
  expect(healthy.told).toMatch(/; the journal holds nothing of it, and shows no errors$/);
});

test.each([
  [
    { ActiveState: 'failed', Result: 'signal' },
    /^it is failed \(Result=signal, ExecMainStatus=0\)/,
  ],
  [{ NRestarts: '4' }, /^systemd restarted it 1 time$/],
  [{ InvocationID: 'two' }, /^it was started again$/],
  [{ LoadState: 'not-found' }, /^systemd has no such unit \(LoadState=not-found\)$/],
])('a unit of which systemd tells %j has failed', async (properties, says) => {
  systemdSays();
  const failure = await watched(() => systemdSays(properties));
  expect(failure?.end).toMatch(says);
  // It was active for longer before.
  expect(failure?.ms).toBe(0);
});

test('one that had not been active for so long before may fail by itself, and how long it took is told', async () => {
  const now = process.hrtime.bigint() / 1000n;
  const recently = { ActiveEnterTimestampMonotonic: String(now) };
  systemdSays(recently);
  const failure = await watched(() => systemdSays({ ...recently, ActiveState: 'failed' }));
  expect(failure?.ms).toBeGreaterThan(300);
});

test('a health command that fails, hangs or is not there is told with its last words', async () => {
  systemdSays();
  const health = (script: string) => watched(() => undefined, ['/bin/sh', '-c', script]);
  expect(await health('echo no lock >&2; exit 3')).toMatchObject({
    end: 'its health command: exit 3',
    words: 'no lock',
  });
  expect((await health('exec sleep 60'))?.end).toBe('its health command: no answer within 10 s');
  expect((await watched(() => undefined, ['/no/such']))?.end).toMatch(/health command: .*ENOENT/);
});

test('its errors are compared with as long before, and a journal or a systemd that does not answer is no health', async () => {
  systemdSays();
  // Two lines when it is asked first, and one when it is asked of the time before.
  tool(
    'journalctl',
    'echo "$3 $4" >>"$0.asked"; echo old; [ "$(wc -l <"$0.asked")" -gt 1 ] || echo new',
  );
  const unit = watch();
  await sleep(1500);
  await unit.stop();
  // One more may be chance: how long it took is told, so that it is watched for as long without the agent.
  expect(unit.failures).toMatchObject([
    {
      end: '2 entries of priority err in its journal, and 1 in as long before',
      words: 'old',
    },
  ]);
  expect(unit.failures[0]?.ms).toBeGreaterThanOrEqual(1500);
  const asked = readFileSync(join(hostRoot, 'usr/bin/journalctl.asked'), 'utf8');
  const [since, , from, until] = [...asked.matchAll(/@(\d+)/g)].map(([, at]) => Number(at));
  expect(until).toBe(since);
  expect(from).toBeLessThan(since ?? 0);
  tool('journalctl', 'echo "no journal files" >&2; exit 1');
  const silent = watch();
  await silent.stop();
  expect(silent.failures[0]?.end).toMatch(/its journal cannot be read: .*exit 1 no journal files/);
  tool('systemctl', 'echo "Failed to connect to bus" >&2; exit 1');
  const busless = watch();
  await busless.untilItEnds(20_000);
  await busless.stop();
  expect(busless.failures[0]?.end).toMatch(/^systemd cannot be asked: .*Failed to connect to bus/);
});

test('many more errors than in as long before are no chance, unless it was not active for so long before', async () => {
  const noisy = async (properties: Readonly<Record<string, string>>) => {
    systemdSays(properties);
    rmSync(join(hostRoot, 'usr/bin/journalctl.asked'), { force: true });
    tool('journalctl', 'echo >>"$0.asked"; [ "$(wc -l <"$0.asked")" -gt 1 ] || seq 12');
    const unit = watch();
    await sleep(700);
    await unit.stop();
    return unit.failures[0];
  };
  expect(await noisy({})).toMatchObject({ words: '1', ms: 0 });
  const now = String(process.hrtime.bigint() / 1000n);
  expect((await noisy({ ActiveEnterTimestampMonotonic: now }))?.ms).toBeGreaterThan(300);
  expect([areSurelyMore(9, 0), areSurelyMore(10, 0), areSurelyMore(1000, 900)]).toEqual([
    ...[false, true, false],
  ]);
});

test('without an agent any error of its own is one, whatever its journal told before', async () => {
  systemdSays();
  tool('journalctl', 'echo "no more memory"');
  const unit = watch(undefined, true);
  await sleep(300);
  await unit.stop();
  expect(unit.failures).toMatchObject([
    { end: '1 entry of priority err in its journal', words: 'no more memory' },
  ]);
});

test('the journal is asked by the name that the unit has itself, where it is named by an alias', async () => {
  systemdSays({ Id: 'mariadb.service' });
  tool('journalctl', '[ "$1" != --unit=mariadb.service ] || echo "no more memory"');
  const unit = watch(undefined, true);
  await sleep(300);
  await unit.stop();
  expect(unit.failures[0]?.words).toBe('no more memory');
});

test('a message of several lines is one entry, and bytes that are no text are told', async () => {
  systemdSays();
  const entries = ['first\nat a()\nat b()', [...Buffer.from('sécond')], null];
  const json = entries.map((MESSAGE) => JSON.stringify({ MESSAGE })).join('\n');
  writeFileSync(join(hostRoot, 'entries'), json);
  tool('journalctl', 'cat "$(dirname "$0")/../../entries"');
  const unit = watch(undefined, true);
  await sleep(300);
  await unit.stop();
  expect(unit.failures).toMatchObject([
    {
      end: '3 entries of priority err in its journal',
      words: String.raw`first\nat a()\nat b()`,
    },
  ]);
  expect(unit.output).toContain('journal: sécond\n');
});

test('what is wrong at the first look has come of what was before', async () => {
  systemdSays({ ActiveState: 'failed' });
  const failure = await watched();
  expect(failure).toMatchObject({ isStanding: true });
  systemdSays();
  expect(await watched(() => systemdSays({ ActiveState: 'failed' }))).not.toHaveProperty(
    'isStanding',
  );
});

test('a unit without a process of its own shows nothing, unless a command says that it is well', async () => {
  systemdSays({ SubState: 'exited' });
  expect((await watched())?.end).toMatch(/^it has no process \(SubState=exited\)/);
  const unit = watch(['/bin/true']);
  await sleep(300);
  await unit.stop();
  expect(unit.failed).toBe(0);
});

test('a systemd that does not answer for a moment says nothing of the unit, and one that stays silent has failed', async () => {
  systemdSays();
  const busy = watch();
  await busy.untilItEnds(300);
  tool('systemctl', 'echo "Connection timed out" >&2; exit 1');
  await busy.untilItEnds(2500);
  systemdSays();
  await busy.untilItEnds(1500);
  await busy.stop();
  expect([busy.failed, busy.unwatched]).toEqual([0, undefined]);
  expect(busy.output).toMatch(/systemd cannot be asked: .*timed out/);
  const failure = await watched(() => tool('systemctl', 'echo "no bus" >&2; exit 1'));
  expect(failure?.end).toMatch(/^systemd cannot be asked: .*no bus/);
});

test('a unit of which systemd told nothing at the end was not watched to it', async () => {
  systemdSays();
  const unit = watch();
  await unit.untilItEnds(300);
  tool('systemctl', 'echo "Connection timed out" >&2; exit 1');
  await unit.untilItEnds(1500);
  await unit.stop();
  expect(unit.failed).toBe(0);
  expect(unit.unwatched).toMatch(/^systemd gave no answer at the last \d looks?$/);
});
