import { expect, test } from 'vitest';
import { exampleRun } from '../evidence/example-run.ts';
import type { RunRecord } from '../evidence/run-record.ts';
import { type Part, refuseApart } from './runs-together.ts';

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

test('runs whose candidate is not known are not of the same one', () => {
  const unknown = (path: string, phase: 'audit' | 'enforce') => {
    const { candidateSha256: _, ...run } = exampleRun({ asked: [phase] });
    return { path, run };
  };
  expect(() => refuseApart([unknown('/a', 'audit'), unknown('/e', 'enforce')])).toThrow(
    'judged the candidate unknown',
  );
});
