import { z } from 'zod';
import { sectionNameOf } from '../helpers/criteria/catalogue.ts';
import type { RunDirectory } from '../helpers/evidence/run-directory.ts';

/** A line of `commands.ndjson`, as far as it is added up. */
const commandLine = z.object({
  criterion: z.string().optional(),
  arguments: z.array(z.string()),
  durationMs: z.number(),
});

/** What the commands of the agent took in one section of the runbook. */
export interface CommandTotal {
  readonly section: string;
  readonly commands: number;
  /** The sum of all; several may have run at once. */
  readonly ms: number;
  readonly slowest: { readonly words: string; readonly ms: number };
}

/** Command and verb: what comes behind are paths and values. */
const wordsOf = (args: readonly string[]) => args.slice(0, 2).join(' ');

/** The commands of the agent by section, in the order in which they were run. */
export function commandTotals(directory: RunDirectory): readonly CommandTotal[] {
  const totals = new Map<string, CommandTotal>();
  for (const value of directory.lines('commands.ndjson').values) {
    const line = commandLine.safeParse(value).data;
    if (line === undefined) continue;
    const section = sectionNameOf(line.criterion ?? 'none');
    const ms = line.durationMs;
    const last = totals.get(section);
    const slowest = last !== undefined && last.slowest.ms >= ms ? last.slowest : undefined;
    totals.set(section, {
      section,
      commands: (last?.commands ?? 0) + 1,
      ms: (last?.ms ?? 0) + ms,
      slowest: slowest ?? { words: wordsOf(line.arguments), ms },
    });
  }
  return [...totals.values()];
}
