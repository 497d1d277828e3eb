import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exampleRecords, exampleRun } from '../fixtures/examples/example-run.ts';
import { verdictChanged } from '../helpers/evidence/report-problems.ts';
import { RunDirectory } from '../helpers/evidence/run-directory.ts';
import { runVerdict } from '../helpers/evidence/verdict.ts';
import { reportStep } from './report-step.ts';

let parent: ReturnType<typeof dirSync>;
let run: RunDirectory;
const exitCode = process.exitCode;
beforeEach(() => {
  parent = dirSync({ unsafeCleanup: true });
  run = RunDirectory.create(join(parent.name, 'run'));
  for (const record of exampleRecords().values()) run.record(record);
});
afterEach(() => {
  process.exitCode = exitCode;
  parent.removeCallback();
});

const document = (name: string) => () =>
  void run.writeText(name, runVerdict(run, exampleRun()).status);
const read = (name: string) => readFileSync(run.file(name), 'utf8');

test('a report that fails after others has them written anew, so that all of them say so', () => {
  reportStep(run.path, 'ticket.md', document('ticket.md'));
  expect(read('ticket.md')).toBe('pass');
  mkdirSync(run.file('junit.xml'));
  reportStep(run.path, 'junit.xml', document('junit.xml'));
  expect(read('ticket.md')).toBe('inconclusive');
  expect(runVerdict(run, exampleRun()).unwritten).toEqual([expect.stringMatching(/^junit\.xml: /)]);
  expect(process.exitCode).toBe(1);
});

test('what changes the verdict after the last report is in all of them', () => {
  reportStep(run.path, 'ticket.md', document('ticket.md'));
  const unchanged = exampleRecords().get('exit.host-as-found');
  if (unchanged === undefined) throw new Error('no such criterion');
  run.record({ ...unchanged, verdict: 'fail', explanation: 'a rule could not be removed' });
  verdictChanged();
  expect(read('ticket.md')).toBe('fail');
});
