import { z } from 'zod';
import { jsonOf } from '../files/ndjson.ts';
import { PHASES } from '../settings/settings.ts';
import { COMPARISON_FILE, type Comparison, comparison } from './comparison.ts';
import { criterionRecord, RunDirectory } from './run-directory.ts';
import { hashedFile, type RunRecord, readRunRecord, suiteRecord } from './run-record.ts';
import { runVerdict, STATUSES } from './verdict.ts';
import { plainTest } from './vitest-record.ts';

export const SUMMARY_FILE = 'summary.json';

/**
 * `summary.json`, for other tools: docs/summary.schema.json is made from this. Fields are only ever
 * added within one `version`.
 */
export const summary = z
  .object({
    version: z.literal(1).describe('of this format'),
    status: z
      .enum(STATUSES)
      .describe('can it ship: only `pass` means yes; a rehearsal never says it'),
    rehearsal: z.array(z.string()).describe('why the run is a rehearsal; empty for a real one'),
    asked: z.array(z.enum(PHASES)).describe('phases asked for'),
    candidate: z.object({
      path: z.string(),
      sha256: z.string().optional().describe('absent when there was no such file'),
      version: z
        .string()
        .optional()
        .describe('what `aegisbpf version` said, where it could be read'),
    }),
    suite: suiteRecord
      .optional()
      .describe(
        'which suite judged: version, SHA-256 of its sources, and Node; absent where those of several runs differ',
      ),
    judgedAgainBy: suiteRecord
      .optional()
      .describe('which suite judged the exit criteria again; absent when nobody did'),
    bpfObjects: z.array(hashedFile).describe('BPF objects that the candidate may load'),
    host: z.string(),
    kernel: z.string().optional(),
    changeTicket: z.string().optional(),
    startedAt: z.string().describe('ISO 8601, UTC'),
    judgedAt: z.string().describe('ISO 8601, UTC'),
    missing: z.array(z.string()).describe('criteria that were asked for and never judged'),
    unwritten: z.array(z.string()).describe('reports that could not be written, and why'),
    errors: z
      .array(z.string())
      .default([])
      .describe('what broke outside of every criterion: a hook, an import, a worker'),
    tests: z
      .array(plainTest.omit({ kind: true, again: true }))
      .default([])
      .describe('tests that vitest ran and that are no criteria; each counts'),
    earlierRuns: comparison.optional(),
    criteria: z.array(criterionRecord),
  })
  .describe('The final status of one run of the AegisBPF staging canary, and every criterion.');

export type Summary = z.output<typeof summary>;

/** What was compared with COMPARE_WITH; nothing where that was not asked for. */
export function comparisonOf(directory: RunDirectory): Comparison | undefined {
  if (!directory.has(COMPARISON_FILE)) return undefined;
  return comparison.safeParse(jsonOf(directory.readText(COMPARISON_FILE))).data;
}

/** The summary of a run, from its records alone. */
export function summaryOf(
  run: RunRecord,
  directory: RunDirectory,
  judgedAt = new Date().toISOString(),
): Summary {
  const verdict = runVerdict(directory, run);
  const ticket = run.settings.CHANGE_TICKET;
  return {
    version: 1,
    status: verdict.status,
    rehearsal: [...run.rehearsal],
    asked: [...run.asked],
    candidate: {
      path: run.candidatePath,
      sha256: run.candidateSha256,
      version: run.candidateVersion,
    },
    ...(run.suite === undefined ? {} : { suite: run.suite }),
    ...(run.judgedAgainBy === undefined ? {} : { judgedAgainBy: run.judgedAgainBy }),
    bpfObjects: run.bpfObjects ?? [],
    host: run.hostname,
    kernel: run.kernel.value,
    ...(typeof ticket === 'string' ? { changeTicket: ticket } : {}),
    startedAt: run.startedAt,
    judgedAt,
    missing: [...verdict.missing],
    unwritten: [...verdict.unwritten],
    errors: [...verdict.errors],
    tests: verdict.tests.map(({ kind: _kind, again: _again, ...test }) => test),
    earlierRuns: comparisonOf(directory),
    criteria: [...verdict.records.values()].map((record) => criterionRecord.parse(record)),
  };
}

/** The same of a directory; undefined when the run did not begin. */
export function summarise(path: string): Summary | undefined {
  const directory = new RunDirectory(path);
  const run = readRunRecord(directory);
  return run === undefined ? undefined : summaryOf(run, directory);
}
