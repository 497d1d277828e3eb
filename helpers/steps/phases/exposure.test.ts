import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import { processIdentity } from '../../host/processes.ts';
import { filesArePrivate, listensWhereAsked } from './exposure.ts';

const GONE = { pid: 0x7fff_ffff, startTicks: 1 };

/** This process plays an agent. */
function agent() {
  const identity = processIdentity(process.pid);
  if (identity === undefined) throw new Error('this process is not in /proc');
  return { identity, metricsAddress: '127.0.0.1:9' };
}

test('an agent whose sockets cannot be read is no agent that listens nowhere', async () => {
  const gone = { ...agent(), identity: { ...agent().identity, ...GONE } };
  expect(await listensWhereAsked(gone)).toMatchObject({
    verdict: 'inconclusive',
    explanation: 'the sockets of the agent cannot be read',
  });
  const root = dirSync({ unsafeCleanup: true }).name;
  expect(filesArePrivate(gone, root).explanation).toContain('the list of its sockets');
});

test('folders that are missing or empty are nothing to look at, and no pass', () => {
  const root = dirSync({ unsafeCleanup: true }).name;
  const folders = ['var/lib/aegisbpf', 'sys/fs/bpf/aegisbpf'].map((path) => join(root, path));
  const judged = () => filesArePrivate(agent(), root);
  const nothing = {
    verdict: 'inconclusive',
    explanation: `nothing could be looked at in ${folders.join(', ')}`,
  };
  expect(judged()).toMatchObject(nothing);
  for (const folder of folders) mkdirSync(folder, { recursive: true, mode: 0o700 });
  expect(judged()).toMatchObject(nothing);
  for (const folder of folders) writeFileSync(join(folder, 'one'), '', { mode: 0o600 });
  expect(judged().verdict).toBe('pass');
});
