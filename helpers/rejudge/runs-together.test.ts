import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import { exampleRecords, exampleRun } from '../../fixtures/examples/example-run.ts';
import { aboutFailure, failureFolder, failureFolders } from '../evidence/failure-bundle.ts';
import { RunDirectory } from '../evidence/run-directory.ts';
import type { RunRecord } from '../evidence/run-record.ts';
import { runVerdict } from '../evidence/verdict.ts';
import { recordOfVitest } from '../evidence/vitest-record.ts';
import { type Part, putTogether, refuseApart } from './runs-together.ts';

const part = (path: string, changes: Partial<RunRecord>): Part => ({
  path,
  run: exampleRun(changes),
});
const audit = part('/a', { asked: ['audit'] });

test('runs of different phases with the same candidate count together', () => {
  refuseApart([audit, part('/e', { asked: ['enforce'] }), part('/r', { asked: ['rollback'] })]);
});

test('everything that keeps runs apart is named at once', () => {
  const other = part('/b', {
    asked: ['audit'],
    candidateSha256: 'c'.repeat(64),
    bpfObjects: [],
  });
  expect(() => refuseApart([audit, other])).toThrow(
    /\/b judged the candidate cccc.*, \/a the candidate aaaa.*; \/b had other BPF objects than \/a; the audit phase is in more than one/,
  );
});

test('runs with other options or variables of production do not count together', () => {
  const withOptions = (path: string, phase: 'audit' | 'enforce', ...options: string[]) =>
    part(path, { asked: [phase], settings: { AGENT_OPTIONS: options } });
  refuseApart([
    withOptions('/l', 'audit', '--landlock'),
    withOptions('/e', 'enforce', '--landlock'),
  ]);
  expect(() => refuseApart([audit, withOptions('/e', 'enforce', '--landlock')])).toThrow(
    '/e started the agent with AGENT_OPTIONS=["--landlock"], /a with []',
  );
  const named = part('/n', { asked: ['enforce'], settings: { AGENT_ENVIRONMENT: ['A=1'] } });
  expect(() => refuseApart([audit, named])).toThrow(
    '/n started the agent with AGENT_ENVIRONMENT=["A=1"], /a with []',
  );
});

test('runs whose candidate is not known are not of the same one', () => {
  const unknown = (path: string, phase: 'audit' | 'enforce') => {
    const { candidateSha256: _, ...run } = exampleRun({ asked: [phase] });
    return { path, run };
  };
  expect(() => refuseApart([unknown('/a', 'audit'), unknown('/e', 'enforce')])).toThrow(
    'judged the candidate unknown',
  );
});

test('a run that is named twice is refused, also by another path to it', () => {
  const parent = dirSync({ unsafeCleanup: true });
  const link = join(parent.name, 'link');
  symlinkSync(parent.name, link);
  const [first, second] = [
    part(parent.name, { asked: ['audit'] }),
    part(link, { asked: ['enforce'] }),
  ];
  expect(() => refuseApart([first, first])).toThrow('is named twice; name each run');
  expect(() => refuseApart([first, audit, second])).toThrow('are the same run; name each run');
  parent.removeCallback();
});

test('which suite judged is told of the whole where it was one, and else of each run', () => {
  const parent = dirSync({ unsafeCleanup: true });
  const made = (name: string, changes: Partial<RunRecord>) => {
    const directory = RunDirectory.create(join(parent.name, name));
    return part(directory.path, { runDirectory: directory.path, ...changes });
  };
  const other = { version: '0.1.0', sha256: 'd'.repeat(64), node: 'v24.0.0' };
  const first = made('audit', { asked: ['audit'] });
  const whole = (name: string, second: Partial<RunRecord>) =>
    putTogether(RunDirectory.create(join(parent.name, name)), [
      first,
      made(`of ${name}`, { asked: ['enforce'], ...second }),
    ]);
  expect(whole('alike', {}).suite).toEqual(first.run.suite);
  const mixed = whole('mixed', { suite: other });
  expect(mixed.suite).toBeUndefined();
  expect(mixed.parts?.map(({ suite }) => suite)).toEqual([first.run.suite, other]);
  parent.removeCallback();
});

test('what was kept of a phase for whoever debugs the agent is in the whole', () => {
  const parent = dirSync({ unsafeCleanup: true });
  const made = (name: string, asked: readonly ['audit'] | readonly ['enforce']) => {
    const directory = RunDirectory.create(join(parent.name, name));
    directory.directory(failureFolder('audit'));
    directory.writeJson(aboutFailure('audit'), { criterion: `${name}.alive` });
    return part(directory.path, { asked, runDirectory: directory.path });
  };
  const target = RunDirectory.create(join(parent.name, 'together'));
  putTogether(target, [made('audit', ['audit']), made('enforce', ['enforce'])]);
  expect(failureFolders(target)).toEqual(['failure/audit']);
  expect(target.readText(aboutFailure('audit'))).toContain('audit.alive');
  parent.removeCallback();
});

test('what one of several runs failed, and what vitest told of it, counts in the whole', () => {
  const parent = dirSync({ unsafeCleanup: true });
  const made = (name: string, asked: readonly ['audit'] | readonly ['enforce']) => {
    const directory = RunDirectory.create(join(parent.name, name));
    const run = exampleRun({ asked, runDirectory: directory.path });
    directory.writeJson('run.json', run);
    directory.writeText('review.yaml', 'groups: []\n');
    for (const record of exampleRecords().values()) directory.record(record);
    return { directory, part: { path: directory.path, run } };
  };
  const first = made('audit', ['audit']);
  const second = made('enforce', ['enforce']);
  const own = exampleRecords().get('audit.soak');
  if (own === undefined) throw new Error('no such criterion');
  first.directory.record({ ...own, id: 'audit.own', verdict: 'fail' });
  recordOfVitest(second.directory.path, { kind: 'error', message: 'a hook broke' });
  recordOfVitest(second.directory.path, {
    ...{ kind: 'test', spec: 'canary/6.spec.ts', name: 'own', state: 'failed' },
  });
  const target = RunDirectory.create(join(parent.name, 'together'));
  const verdict = runVerdict(target, putTogether(target, [first.part, second.part]));
  expect(verdict.status).toBe('fail');
  expect(verdict.causes.map(({ id }) => id)).toEqual(['audit.own']);
  expect(verdict.errors).toEqual(['enforce: a hook broke']);
  expect(verdict.notPassed.map(({ name }) => name)).toEqual(['own']);
  parent.removeCallback();
});
