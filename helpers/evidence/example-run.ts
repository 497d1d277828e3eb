import { CATALOGUE } from '../criteria/catalogue.ts';
import type { CriterionRecord } from './run-directory.ts';
import type { RunRecord } from './run-record.ts';

/** For tests only: a run as `run.json` describes it, and records as `criteria.ndjson` holds them. */

/** A whole record of a run, in which a test changes what it is about. */
export function exampleRun(changes: Partial<RunRecord> = {}): RunRecord {
  return {
    runId: '1-1',
    runDirectory: '/var/lib/evidence/run',
    rehearsal: [],
    rejudge: false,
    asked: ['audit', 'enforce', 'coverage', 'rollback'],
    candidatePath: '/opt/aegisbpf',
    candidateSha256: 'a'.repeat(64),
    candidateVersion: '0.10.0',
    bpfObjects: [{ path: '/opt/aegis.bpf.o', sha256: 'b'.repeat(64) }],
    startedAt: '2026-11-23T14:00:00.000Z',
    hostname: 'staging-3',
    kernel: { value: '6.1.0-50' },
    settings: { DURATION_SECONDS: 300, MAX_RINGBUF_DROPS: 100, MAX_RSS_GROWTH_KB: 65536 },
    ...changes,
  };
}

/** A record of every criterion, each passed, but for those that a test changes. */
export function exampleRecords(
  changes: Readonly<Record<string, Partial<CriterionRecord>>> = {},
): Map<string, CriterionRecord> {
  const records = CATALOGUE.map(
    ({ id, section }): CriterionRecord => ({
      id,
      section,
      title: `title of ${id}`,
      at: '2026-11-23T14:10:00.000Z',
      durationMs: 10,
      verdict: 'pass',
      explanation: 'as it should be',
      ...changes[id],
    }),
  );
  return new Map(records.map((record) => [record.id, record]));
}
