import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stopUnit } from './undo-entry.ts';

let folder: ReturnType<typeof dirSync>;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
});
afterEach(() => folder.removeCallback());

/** A systemctl of ours. @param stop what it does when it is told to stop a unit. @param show the same for the unit's state. */
function systemctl(stop: string, show: string): string {
  const path = join(folder.name, 'systemctl');
  writeFileSync(path, `#!/bin/sh\ncase $1 in stop) ${stop} ;; show) ${show} ;; esac\n`);
  chmodSync(path, 0o755);
  return path;
}

test('a unit that is gone is no problem, whatever the stop said', async () => {
  const path = systemctl('echo "Unit x.service not loaded." >&2; exit 5', 'echo inactive');
  expect(await stopUnit(path, 'x.service')).toBeUndefined();
});

test.each([
  [
    'did not end',
    'exec sleep 60',
    'echo deactivating',
    // How long it was waited for is told, and a busy host waits longer.
    /^x\.service is deactivating after a stop: `systemctl stop x\.service` did not end within \d+ s and was killed; it said: \(nothing\)$/,
  ],
  [
    'was refused',
    'echo "Access denied" >&2; exit 4',
    'echo active',
    'x.service is active after a stop: `systemctl stop x.service` exited with 4; it said: Access denied',
  ],
  [
    'was said to be done',
    ':',
    'echo "Connection timed out" >&2; exit 1',
    'x.service is in an unknown state after a stop: `systemctl stop x.service` exited with 0; it said: (nothing); `systemctl show x.service --property=ActiveState --value` exited with 1; it said: Connection timed out',
  ],
])('a unit that stays is told with why, where the stop %s', async (_, stop, show, told) => {
  expect(await stopUnit(systemctl(stop, show), 'x.service', 3000)).toMatch(told);
});

test('a systemctl that cannot be started is told as that', async () => {
  expect(await stopUnit(join(folder.name, 'none'), 'x.service')).toMatch(
    /^x\.service is in an unknown state after a stop: `systemctl stop x\.service` could not be started; it said: spawn .*ENOENT/,
  );
});
