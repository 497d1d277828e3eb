import { z } from 'zod';
import { recordReportProblem } from './report-problems.ts';
import { RunDirectory } from './run-directory.ts';

/** What vitest declared, and what it ran that is no criterion: only vitest knows it, so it is kept on disk. */
export const VITEST_FILE = 'vitest.ndjson';

const declared = z.object({
  kind: z.literal('criterion'),
  id: z.string(),
  section: z.string(),
  title: z.string(),
  /** The spec file, relative to the project. */
  spec: z.string(),
});

/** A test of the run that is no criterion, and how it ended. */
export const plainTest = z.object({
  kind: z.literal('test'),
  spec: z.string(),
  name: z.string(),
  state: z.enum(['passed', 'failed', 'not run']),
  message: z.string().optional(),
  again: z.literal(true).optional(),
});

const outsideError = z.object({
  kind: z.literal('error'),
  message: z.string(),
  /** Of a finished run that is judged again: the next judging takes it back. */
  again: z.literal(true).optional(),
});

const vitestLine = z.discriminatedUnion('kind', [declared, plainTest, outsideError]);

export type DeclaredCriterion = z.output<typeof declared>;
export type PlainTest = z.output<typeof plainTest>;
export type VitestLine = z.output<typeof vitestLine>;

/** Keeps what vitest tells. What cannot be kept keeps the run from being a pass. */
export function recordOfVitest(path: string, line: VitestLine): void {
  try {
    new RunDirectory(path).appendLine(VITEST_FILE, line);
  } catch (error) {
    recordReportProblem(path, `${VITEST_FILE}: ${(error as Error).message}`);
  }
}

/** Of several results of one test the worst counts. */
function worstOfEach(tests: readonly PlainTest[]): PlainTest[] {
  const rank = { passed: 0, 'not run': 1, failed: 2 };
  const byTest = Map.groupBy(tests, ({ spec, name }) => JSON.stringify([spec, name]));
  return [...byTest.values()].flatMap((results) =>
    results.sort((a, b) => rank[b.state] - rank[a.state]).slice(0, 1),
  );
}

/** All that `vitest.ndjson` holds, and how many of its lines cannot be read. */
export function vitestRecord(run: RunDirectory) {
  const { values, torn } = run.lines(VITEST_FILE);
  const parsed = values.map((value) => vitestLine.safeParse(value));
  const lines = parsed.flatMap(({ data }) => data ?? []);
  return {
    declared: lines.filter((line) => line.kind === 'criterion'),
    tests: worstOfEach(lines.filter((line) => line.kind === 'test')),
    errors: [...new Set(lines.flatMap((line) => (line.kind === 'error' ? line.message : [])))],
    unreadable: torn.length + parsed.filter(({ success }) => !success).length,
  };
}

/** A finished run is judged again: what went wrong while it was judged before is no part of it. */
export function forgetFormerJudging(run: RunDirectory): void {
  const { values, torn } = run.lines(VITEST_FILE);
  if (values.length + torn.length === 0) return;
  const stays = values.filter((value) => {
    const { data } = vitestLine.safeParse(value);
    return data === undefined || data.kind === 'criterion' || data.again !== true;
  });
  const lines = [...stays, ...torn.map((text) => ({ torn: text }))];
  run.writeText(VITEST_FILE, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}
