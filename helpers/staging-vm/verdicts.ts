import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** Test id → its verdict, in the runbook's order. */
export type Verdicts = ReadonlyMap<string, string>;

const summary = z.object({
  criteria: z.array(z.object({ id: z.string(), verdict: z.string() })),
});

function readVerdicts(path: string): Verdicts {
  try {
    const { criteria } = summary.parse(JSON.parse(readFileSync(path, 'utf8')));
    return new Map(criteria.map(({ id, verdict }) => [id, verdict]));
  } catch {
    // A run that was cut off may leave half a file; it has no verdicts then.
    return new Map();
  }
}

/** The verdicts of the last canary run in an OUT_DIR; none when no run came to its summary. */
export function newestVerdicts(outDir: string): Verdicts {
  const newest = readdirSync(outDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(outDir, entry.name, 'summary.json'))
    .filter((path) => existsSync(path))
    .sort()
    .at(-1);
  return newest === undefined ? new Map() : readVerdicts(newest);
}
