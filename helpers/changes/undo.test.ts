import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sha256OfFile } from '../files/sha256.ts';
import { RUN_MARK } from '../host/processes.ts';
import { Journal } from './journal.ts';
import { ownCgroup, ownChildCgroup } from './own-cgroup.ts';
import { undoAll } from './undo.ts';

let folder: ReturnType<typeof dirSync>;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
});
afterEach(() => folder.removeCallback());

/** Notes that it was told to stop in order, as an agent that closes its files would. */
const ORDERLY =
  'trap \'echo in order > "$NOTE"; exit 0\' INT; echo ready; while :; do sleep 0.05; done';

test.each(['the candidate', 'the version before it'])(
  '%s is stopped in order whatever it is called, and everything else of the run at once',
  async (which) => {
    const at = (name: string) => join(folder.name, name);
    const [agent, other] = [at('aegisbpf-0.11.0'), at('previous-build')];
    // Not the same bytes: the shell and another program.
    copyFileSync('/bin/bash', agent);
    copyFileSync('/bin/true', other);
    const [candidate, previous] = which === 'the candidate' ? [agent, other] : [other, agent];
    const runId = `undo-${process.pid}`;
    const journal = Journal.make(at('state/journal.ndjson'));
    journal.begin({
      runId,
      runDirectory: folder.name,
      candidate,
      candidateSha256: await sha256OfFile(candidate),
      previous,
      environment: {},
      startedAt: new Date().toISOString(),
    });
    const start = async (program: string, note: string) => {
      const child = spawn(program, ['-c', ORDERLY], {
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { PATH: '/usr/bin:/bin', NOTE: at(note), [RUN_MARK]: runId },
      });
      const ended = once(child, 'exit');
      await once(child.stdout, 'data');
      return { ended, pid: child.pid };
    };
    const [one, worker] = [
      await start(agent, 'of-the-agent'),
      await start('/bin/dash', 'of-others'),
    ];
    const report = await undoAll(journal, () => {});
    await Promise.all([one.ended, worker.ended]);
    expect(readFileSync(at('of-the-agent'), 'utf8')).toBe('in order\n');
    expect(existsSync(at('of-others'))).toBe(false);
    expect(report.undone).toContain(`stopped aegisbpf-0.11.0 (pid ${one.pid})`);
    expect(report.problems).toEqual([]);
  },
);

test('control groups of ours are removed, and one that took the place of ours is left', async () => {
  const journal = Journal.make(join(folder.name, 'state/journal.ndjson'));
  journal.begin({
    runId: `undo-cgroup-${process.pid}`,
    runDirectory: folder.name,
    candidate: '/bin/true',
    candidateSha256: await sha256OfFile('/bin/true'),
    environment: {},
    startedAt: new Date().toISOString(),
  });
  const [ours, replaced] = [ownCgroup(journal), ownCgroup(journal)];
  if (ours === undefined || replaced === undefined) throw new Error('no cgroup could be made');
  ownChildCgroup(ours);
  rmdirSync(replaced);
  mkdirSync(replaced);
  const report = await undoAll(journal, () => {});
  expect(existsSync(ours)).toBe(false);
  expect(report.problems).toEqual([
    `${replaced} is not the control group we made; it was not touched`,
  ]);
  rmdirSync(replaced);
});

test('rules that another version made are removed by it in its own environment, unless it is another binary by now', async () => {
  const at = (name: string) => join(folder.name, name);
  const program = (name: string) => {
    const text = `#!/bin/sh\necho "${name} $OBJECT $*" >> ${at('calls')}\n`;
    writeFileSync(at(name), text, { mode: 0o755 });
    return at(name);
  };
  const [candidate, previous] = [program('candidate'), program('previous')];
  const begun = async (name: string, sha256: string) => {
    const journal = Journal.make(at(`${name}/journal.ndjson`));
    const candidateSha256 = await sha256OfFile(candidate);
    journal.begin({
      ...{ runId: `undo-${name}-${process.pid}`, runDirectory: folder.name },
      ...{ candidate, candidateSha256, environment: { OBJECT: 'new' } },
      startedAt: new Date().toISOString(),
    });
    const by = { executable: previous, sha256, environment: { OBJECT: 'old' } };
    for (const entry of [{}, { by }])
      journal.record({ kind: 'policy', emptyPolicy: '/empty.policy', ...entry });
    return undoAll(journal, () => {});
  };
  const report = await begun('same', await sha256OfFile(previous));
  expect(report.problems).toEqual([]);
  const how = 'policy apply /empty.policy --reset --no-rollback';
  expect(readFileSync(at('calls'), 'utf8')).toBe(`previous old ${how}\ncandidate new ${how}\n`);

  const other = await begun('other', '0'.repeat(64));
  expect(other.problems).toEqual([
    expect.stringMatching(`${previous} is no longer the binary of the run`),
  ]);
  expect(readFileSync(at('calls'), 'utf8').match(/^previous/gm)).toHaveLength(1);
});
