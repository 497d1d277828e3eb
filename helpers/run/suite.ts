import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunRecord } from '../evidence/run-record.ts';
import { entriesBelow } from '../files/entries-below.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDERS = ['.vitest', 'canary', 'helpers', 'reports'];
const FILES = ['package-lock.json', 'package.json', 'vitest.config.cjs'];

/** Everything that judges: the runbook, its helpers and reports, and what fixes their libraries; no tests of them. */
function sources(): string[] {
  const present = readdirSync(ROOT);
  const below = FOLDERS.flatMap((folder) =>
    entriesBelow(ROOT, folder)
      .filter(({ path, entry }) => entry.isFile() && !path.endsWith('.test.ts'))
      .map(({ path }) => path),
  );
  return [...below, ...FILES.filter((name) => present.includes(name))].sort();
}

/** Which suite judges: a verdict is worth what its judge is. docs/evidence.md says how the hash is made by hand. */
export function suiteOfRun(): NonNullable<RunRecord['suite']> {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
  const lines = sources().map(
    (path) => `${hash('sha256', readFileSync(join(ROOT, path)))}  ${path}\n`,
  );
  return { version, sha256: hash('sha256', lines.join('')), node: process.version };
}
