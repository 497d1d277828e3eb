import { expect, test } from 'vitest';
import { cannotBeTried } from './judge-lines.ts';
import { Probe } from './probe.ts';
import type { NetworkSite, Site } from './site.ts';
import type { Line } from './table.ts';

const NO_NETWORK = {} as NetworkSite;
const SITE: Site = {
  directory: '/no/such/directory',
  names: { denied: 'a', longer: 'ab', other: 'b' },
  ...{ ipv4: NO_NETWORK, ipv6: NO_NETWORK },
};
const LINE: Line = { kind: 'root', route: 'read', group: 'open-modes', expected: 'denied' };
const begun = (before: readonly string[] = []) =>
  new Probe('root', SITE, { PATH: '/usr/bin:/bin' }, { before });

test('a route whose process was killed is not one that this host cannot try', async () => {
  const probe = begun();
  expect(await probe.up()).toEqual(expect.any(Number));
  probe.kill();
  const answer = await probe.take('read');
  expect(answer).toBe('its process gave no answer and was ended by SIGKILL');
  expect(cannotBeTried([{ line: LINE, answer, events: [] }]).size).toBe(0);
});

test('one whose process ends with an error is, and is told with the last words', async () => {
  const answer = await begun(['/usr/bin/unshare', '--no-such-option']).up();
  expect(answer).toMatch(/^its process ended with 1: .*unshare/);
  const { size } = cannotBeTried([{ line: LINE, answer: String(answer), events: [] }]);
  expect(size).toBe(1);
});
