import { expect, test } from 'vitest';
import { RUNBOOK } from '../helpers/criteria/runbook.ts';
import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';
import { runbookRows } from './runbook-rows.ts';

const record = (id: string): CriterionRecord => ({
  id,
  section: id.slice(0, id.indexOf('.')),
  title: `title of ${id}`,
  at: '2026-11-23T14:00:00.000Z',
  durationMs: 1,
  verdict: 'pass',
  explanation: 'fine',
});
const all = Object.values(RUNBOOK).flat() as string[];
const without = (...ids: string[]) =>
  new Map(all.filter((id) => !ids.includes(id)).map((id) => [id, record(id)]));

test('every criterion has a row, in the order of the runbook', () => {
  const rows = runbookRows(without(), ['audit', 'enforce', 'rollback'], new Map());
  expect(rows.map(({ id }) => id)).toEqual(all);
});

test('what was asked for and has no record is inconclusive, with the test’s own error', () => {
  const unjudged = new Map([
    ['Phase 1: audit canary', [{ title: 'the soak runs', why: 'Test timed out' }]],
  ]);
  const rows = runbookRows(without('audit.soak'), ['audit'], unjudged);
  expect(rows.find(({ id }) => id === 'audit.soak')).toMatchObject({
    title: 'the soak runs',
    verdict: 'inconclusive',
    explanation: 'Test timed out',
  });
});

test('tests and ids are not paired by guess when their numbers differ', () => {
  const unjudged = new Map([['Phase 1: audit canary', [{ title: 'one test', why: 'why' }]]]);
  const rows = runbookRows(without('audit.soak', 'audit.stop'), ['audit'], unjudged);
  expect(rows.find(({ id }) => id === 'audit.stop')).toMatchObject({
    title: 'audit.stop',
    verdict: 'inconclusive',
  });
});

test('what was not asked for and has no record is skipped', () => {
  const rows = runbookRows(without('enforce.soak', 'exit.enforce'), ['audit'], new Map());
  const found = rows.filter(({ id }) => ['enforce.soak', 'exit.enforce'].includes(id));
  expect(found.map(({ verdict }) => verdict)).toEqual(['skipped', 'skipped']);
});
