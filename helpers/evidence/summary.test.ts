import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { exampleRecords, exampleRun } from '../../fixtures/examples/example-run.ts';
import { CATALOGUE, SECTIONS } from '../criteria/catalogue.ts';
import { fleetSummary } from './fleet-summary.ts';
import { recordReportProblem } from './report-problems.ts';
import { criterionRecord, RunDirectory } from './run-directory.ts';
import { summary, summaryOf } from './summary.ts';

const DOCS = join(import.meta.dirname, '../../docs');

test.each([
  ['summary', summary],
  ['fleet-summary', fleetSummary],
])(
  'the published schema of a %s is the one that is written by (`npm test -- summary -u` renews it)',
  async (name, shape) => {
    const schema = z.toJSONSchema(shape, { io: 'input' });
    const path = join(DOCS, `${name}.schema.json`);
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(path);
  },
);

test('the published schema names every criterion and section of the runbook with its title', () => {
  const schema = JSON.stringify(z.toJSONSchema(summary, { io: 'input' }));
  for (const { id, title } of CATALOGUE)
    expect(schema).toContain(JSON.stringify({ const: id, title }));
  for (const [name, { title }] of Object.entries(SECTIONS))
    expect(schema).toContain(JSON.stringify({ const: name, title }));
});

test("a criterion of a site's own is a record like the others", () => {
  const [record] = exampleRecords().values();
  expect(criterionRecord.parse({ ...record, id: 'x.own', section: 'x' })).toMatchObject({
    id: 'x.own',
  });
});

test('a report that could not be written keeps a run from being a pass', () => {
  const parent = dirSync({ unsafeCleanup: true });
  const run = RunDirectory.create(join(parent.name, 'run'));
  for (const record of exampleRecords().values()) run.record(record);
  const summaryNow = () => summaryOf(exampleRun(), run, '2026-11-23T14:12:00.000Z');
  expect(summaryNow()).toMatchObject({ status: 'pass', unwritten: [] });
  recordReportProblem(run.path, 'junit.xml: no space left on device');
  expect(summaryNow()).toMatchObject({
    status: 'inconclusive',
    unwritten: ['junit.xml: no space left on device'],
  });
  expect(summary.parse(summaryNow())).toEqual(summaryNow());
  parent.removeCallback();
});
