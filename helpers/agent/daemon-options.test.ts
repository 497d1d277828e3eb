import { expect, test } from 'vitest';
import { readSettings } from '../settings/settings.ts';
import { daemonOptions, runArguments } from './daemon-options.ts';

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

test('every start gets the options of production, and behind them those of one step; one as shipped is told nothing that the agent does by itself', async () => {
  const given = async (
    environment: NodeJS.ProcessEnv,
    life: { asShipped?: true; eventFormat?: 'cef' } = {},
  ) => {
    const settings = readSettings({ AEGIS_BIN: process.execPath, ...environment });
    const more = ['--deadman-ttl=4'];
    return runArguments(
      await daemonOptions(settings, { name: 'x', mode: 'enforce', more, ...life }),
    );
  };
  const ours = ['run', '--enforce', '--enforce-signal=term', '--ringbuf-bytes=16777216'];
  expect(await given({})).toEqual([...ours, '--log=stdout', '--deadman-ttl=4']);
  expect(await given({}, { asShipped: true })).toEqual(['run', '--deadman-ttl=4']);
  const others = { ENFORCE_SIGNAL: 'int', RINGBUF_BYTES: '4096' };
  expect(await given(others, { asShipped: true })).toEqual([
    ...['run', '--enforce-signal=int', '--ringbuf-bytes=4096', '--deadman-ttl=4'],
  ]);
  expect(await given({}, { eventFormat: 'cef' })).toEqual([
    ...ours,
    ...['--log=stdout', '--event-format=cef', '--deadman-ttl=4'],
  ]);
  expect(await given({ AGENT_OPTIONS: '["--landlock","--drop-caps"]' })).toEqual([
    ...ours,
    ...['--log=stdout', '--landlock', '--drop-caps', '--deadman-ttl=4'],
  ]);
});
