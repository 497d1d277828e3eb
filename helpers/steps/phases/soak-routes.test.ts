import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { forgetOwnFiles, type OwnFile, ownProgram } from '../../changes/own-file.ts';
import { unusedPort } from '../../host/unused-port.ts';
import { SIDE_OPERATIONS } from '../../settings/knobs.ts';
import { makeBesides, tryRoutes } from './soak-routes.ts';

/** Mounts and namespaces of a process's own need it. */
const isRoot = process.getuid?.() === 0;

let folder: ReturnType<typeof dirSync>;
let probe: OwnFile;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
  chmodSync(folder.name, 0o755);
  probe = ownProgram(folder.name, 'probe');
  makeBesides(probe.path);
});
afterEach(() => {
  forgetOwnFiles();
  folder.removeCallback();
});

const NOTHING_ASKED = { ENFORCE_SIGNAL: 'term', PROBE_DIR: '/var/tmp' } as const;
type Asked = Parameters<typeof tryRoutes>[0];

const tried = (asked: Partial<Asked> = {}, mode: 'audit' | 'enforce' = 'enforce') =>
  tryRoutes(
    { ...NOTHING_ASKED, SOAK_OPERATIONS: undefined, SOAK_NET_WORKLOAD: undefined, ...asked },
    mode,
    { probe, port: unusedPort(), directory: folder.name },
    { PATH: '/usr/bin:/bin' },
  );

test.skipIf(!isRoot)(
  'every route is taken, and leaves the file and its name as they were',
  async () => {
    const { operations, network } = await tried();
    // A route that this host cannot take is named; the others are all there.
    const told = [...(operations?.works ?? []), ...(operations?.notRun ?? [])];
    expect(told.map((text) => text.split(' ')[0]).sort()).toEqual([...SIDE_OPERATIONS].sort());
    expect(operations?.works).toEqual(expect.arrayContaining(['append', 'open-truncate', 'exec']));
    expect(network?.works).toEqual(expect.arrayContaining(['tcp-connect', 'udp-send', 'tcp-bind']));
    expect(readFileSync(probe.path, 'utf8')).toBe(probe.content);
    expect(readdirSync(folder.name).filter((name) => name.includes('made'))).toEqual([]);
  },
);

test.skipIf(!isRoot)(
  'a default that cannot be tried here is told, one that a knob names is inconclusive',
  async () => {
    chmodSync(probe.path, 0o644);
    const { operations } = await tried();
    expect(operations?.works).not.toContain('exec');
    expect(operations?.notRun).toContain('exec does not work here without a rule either (EACCES)');
    await expect(tried({ SOAK_OPERATIONS: ['exec'] })).rejects.toThrow(
      /cannot be tried in PROBE_DIR=\/var\/tmp: exec does not work here .*; leave it out/,
    );
  },
);

test('what is switched off is not tried, and where SIGKILL would end the process nothing is', async () => {
  expect(await tried({ SOAK_OPERATIONS: [], SOAK_NET_WORKLOAD: false })).toEqual({
    operations: undefined,
    network: undefined,
  });
  const { operations, network } = await tried({ ENFORCE_SIGNAL: 'kill' });
  for (const one of [operations, network])
    expect(one).toMatchObject({
      works: [],
      notRun: [expect.stringContaining('ENFORCE_SIGNAL=kill')],
    });
});
