import { expect, test } from 'vitest';
import { exampleRun } from '../../../fixtures/examples/example-run.ts';
import { differences, policyNotes } from './earlier-run.ts';
import type { RunEvidence } from './figures.ts';

/** A run that was asked to apply this file, and kept these bytes of it. */
const applied = (path: string | undefined, content?: string): RunEvidence => {
  const run = { settings: { CANDIDATE_POLICY: path } } as unknown as RunEvidence['run'];
  const text = (name: string) =>
    name === 'operator/CANDIDATE_POLICY/staging.policy' ? content : undefined;
  return { run, records: new Map(), text };
};
const PATH = '/etc/canary/staging.policy';

test('two runs of a policy of one name are alike only with the same bytes', () => {
  const notes = (here: RunEvidence, there: RunEvidence) => policyNotes(here, there);
  expect(notes(applied(PATH, 'version=1'), applied(PATH, 'version=1'))).toEqual([]);
  expect(notes(applied(PATH, 'version=1'), applied(PATH, 'version=2'))).toEqual([
    'CANDIDATE_POLICY: another content',
  ]);
  expect(notes(applied(PATH, 'version=1'), applied(PATH))).toEqual([
    expect.stringMatching(/^CANDIDATE_POLICY: one of the two did not keep it/),
  ]);
});

test('without a policy there is none to compare, and another name is told as a knob', () => {
  expect(policyNotes(applied(undefined), applied(undefined))).toEqual([]);
  expect(policyNotes(applied(PATH, 'version=1'), applied(undefined))).toEqual([]);
});

test('a run whose agent was started with other options or variables of production is not alike', () => {
  const given = (...AGENT_OPTIONS: string[]) =>
    exampleRun({ hostProfile: {}, settings: { AGENT_OPTIONS } });
  expect(differences(given('--landlock'), given('--landlock'))).toEqual([]);
  expect(differences(given('--landlock'), exampleRun({ hostProfile: {}, settings: {} }))).toEqual([
    'AGENT_OPTIONS=not set, here ["--landlock"]',
  ]);
  const named = exampleRun({ hostProfile: {}, settings: { AGENT_ENVIRONMENT: ['A=1'] } });
  expect(differences(given('--landlock'), named)).toHaveLength(2);
});
