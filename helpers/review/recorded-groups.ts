import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { AgentEvent } from '../agent/contract/events.ts';
import type { RunDirectory } from '../evidence/run-directory.ts';
import { issuesText } from '../text/zod-words.ts';

/** Every group of every phase, one a line, as it was seen: what the review is compared with. */
export const GROUPS_FILE = 'decision-groups.ndjson';

const runningProgram = z.object({
  executable: z.string().optional(),
  commandLine: z.string(),
  cgroup: z.string().optional(),
});

/** Every phase in which the agent decides; what of it the canary did not cause is reviewed. */
export const REVIEWED_PHASES = ['audit', 'enforce', 'coverage', 'cost', 'rollback'] as const;

const recordedGroup = z.object({
  phase: z.enum(REVIEWED_PHASES),
  /** Type, target, program, unit and action, each in quotes: no program can choose a name that hides it. */
  group: z.string(),
  type: z.string(),
  /** Path of the file where it is known, else `dev:ino`; address and port; or the rule type. */
  target: z.string(),
  /** Name of the program as the event has it (at most 15 bytes, TASK_COMM_LEN). */
  program: z.string(),
  unit: z.string(),
  action: z.string(),
  count: z.int(),
  firstSeen: z.string(),
  lastSeen: z.string(),
  process: runningProgram.optional(),
  parent: runningProgram.optional(),
  examples: z.array(z.record(z.string(), z.unknown())),
  /** True when the review has no entry of its own for it, but one for the whole tail. */
  folded: z.boolean(),
});
export type RecordedGroup = z.output<typeof recordedGroup>;
export type ReviewedPhase = RecordedGroup['phase'];

/** A group of decisions as a person reviews it: named by what stays the same from run to run. */
export type ReviewGroup = Readonly<Omit<RecordedGroup, 'phase' | 'folded' | 'examples'>> & {
  readonly examples: readonly AgentEvent[];
};

/** The group that stands for all groups without an entry of their own. */
export const tailGroup = (phase: ReviewedPhase) => `tail of ${phase}`;

/** Phase and group of an entry of the review. */
export const entryKey = (entry: { readonly phase: string; readonly group: string }) =>
  `${entry.phase} ${entry.group}`;

/** The same of the entry that a recorded group has, of its own or with the tail. */
export const entryKeyOf = ({ phase, group, folded }: RecordedGroup) =>
  entryKey({ phase, group: folded ? tailGroup(phase) : group });

const LINES_AT_ONCE = 1000;

/** Appends the groups of a phase. */
export function recordGroups(
  run: RunDirectory,
  phase: ReviewedPhase,
  groups: readonly (ReviewGroup & Pick<RecordedGroup, 'folded'>)[],
): void {
  for (let from = 0; from < groups.length; from += LINES_AT_ONCE) {
    const lines = groups
      .slice(from, from + LINES_AT_ONCE)
      .map((group) => JSON.stringify({ phase, ...group }));
    run.appendText(GROUPS_FILE, `${lines.join('\n')}\n`);
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
    try {
      yield recordedGroup.parse(JSON.parse(line));
    } catch (error) {
      const why = error instanceof z.ZodError ? issuesText(error) : (error as Error).message;
      throw new Error(`${GROUPS_FILE}:${number}: not what a run writes: ${why}`);
    }
  }
}
