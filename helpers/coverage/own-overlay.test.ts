import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeLayers, mergedFiles } from './own-overlay.ts';
import { Probe } from './probe.ts';
import type { NetworkSite, Site } from './site.ts';

const NO_NETWORK = {} as NetworkSite;
const NAMES = { denied: 'a', longer: 'ab', other: 'b' };
const ROUTES = [
  ...(['merged-read', 'merged-chmod', 'merged-truncate', 'merged-beside', 'merged-lower'] as const),
];

test('what is denied in an overlay keeps its number there, and each round copies other files up', async ({
  skip,
}) => {
  // Not /tmp, which may be an overlay itself.
  const directory = mkdtempSync('/var/tmp/own-overlay-test-');
  onTestFinished(() => rmSync(directory, { recursive: true }));
  makeLayers(directory);
  const site: Site = { directory, names: NAMES, ipv4: NO_NETWORK, ipv6: NO_NETWORK };
  const environment = { PATH: '/usr/bin:/bin' };
  const launch = { before: ['/usr/bin/unshare', '--mount'] };
  const probe = new Probe('overlay-holder', site, environment, launch);
  const pid = await probe.up();
  if (typeof pid === 'string') return skip(pid);
  const before = mergedFiles(pid, directory);
  const inRound = async () => Promise.all(ROUTES.map((route) => probe.take(route)));
  for (let round = 0; round < 6; round += 1)
    expect(await inRound()).toEqual(ROUTES.map(() => ({ outcome: 'passed' })));
  expect(mergedFiles(pid, directory)).toMatchObject(before.map(({ dev, ino }) => ({ dev, ino })));
  expect(await inRound()).toMatchObject([
    { outcome: 'passed' },
    { errno: 'ENOENT' },
    { errno: 'ENOENT' },
    { errno: 'ENOENT' },
    { outcome: 'passed' },
  ]);
  await probe.end();
  expect(new Set(before.map(({ dev }) => dev)).size).toBe(1);
  expect(before[0]?.path).toContain(join(directory, 'overlay/merged/read'));
});
