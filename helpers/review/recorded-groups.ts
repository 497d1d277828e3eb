import { appendFileSync, createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { RunDirectory } from '../evidence/run-directory.ts';
import type { ReviewedPhase, ReviewGroup } from './review-groups.ts';

/** Every group of every phase, one a line, as it was seen: what the review is compared with. */
const GROUPS_FILE = 'decision-groups.ndjson';

const seenProcess = z.object({
  executable: z.string().optional(),
  commandLine: z.string(),
  cgroup: z.string().optional(),
});

const recordedGroup = z.object({
  phase: z.enum(['audit', 'enforce']),
  group: z.string(),
  type: z.string(),
  target: z.string(),
  program: z.string(),
  unit: z.string(),
  action: z.string(),
  count: z.int(),
  firstSeen: z.string(),
  lastSeen: z.string(),
  process: seenProcess.optional(),
  parent: seenProcess.optional(),
  examples: z.array(z.record(z.string(), z.unknown())),
  /** True when the review has no entry of its own for it, but one for the whole tail. */
  folded: z.boolean(),
});
export type RecordedGroup = z.output<typeof recordedGroup>;

const LINES_AT_ONCE = 1000;

/** Appends the groups of a phase. */
export function recordGroups(
  run: RunDirectory,
  phase: ReviewedPhase,
  groups: readonly (ReviewGroup & { readonly folded: boolean })[],
): void {
  for (let from = 0; from < groups.length; from += LINES_AT_ONCE) {
    const lines = groups
      .slice(from, from + LINES_AT_ONCE)
      .map((group) => JSON.stringify({ phase, ...group }));
    appendFileSync(run.file(GROUPS_FILE), `${lines.join('\n')}\n`, { mode: 0o640 });
  }
}

/**
 * Reads the groups one by one, in the order they were recorded; none when there was none to record.
 * @throws Error naming the line that is not what a run writes.
 */
export async function* recordedGroups(run: RunDirectory): AsyncGenerator<RecordedGroup> {
  const path = run.file(GROUPS_FILE);
  if (!existsSync(path)) return;
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    number += 1;
    if (line === '') continue;
    let parsed: RecordedGroup;
    try {
      parsed = recordedGroup.parse(JSON.parse(line));
    } catch (error) {
      const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
      throw new Error(`${GROUPS_FILE}:${number}: not what a run writes: ${why}`);
    }
    yield parsed;
  }
}
