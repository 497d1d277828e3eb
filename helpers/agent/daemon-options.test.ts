import { expect, test } from 'vitest';
import { readSettings } from '../settings/settings.ts';
import { daemonOptions } from './daemon-options.ts';

test('the metrics endpoint gets no port that CANDIDATE_POLICY names, for the agent would refuse it to itself', async () => {
  // All that the kernel gives out, but for one in ten.
  const ports = Array.from({ length: 65_536 - 1024 }, (_, index) => index + 1024);
  const named = ports.filter((port) => port % 10 !== 7).map((port) => `${port}:tcp:bind\n`);
  const settings = {
    ...readSettings({ AEGIS_BIN: process.execPath }),
    candidatePolicy: Buffer.from(`version=1\n[deny_port]\n${named.join('')}`).toString('base64'),
  };
  const { metricsAddress } = await daemonOptions(settings, { name: 'audit', mode: 'audit' });
  expect(metricsAddress).toMatch(/^127\.0\.0\.1:\d*7$/);
});
