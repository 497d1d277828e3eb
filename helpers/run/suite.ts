import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { RunRecord } from '../evidence/run-record.ts';
import { entriesBelow } from '../files/entries-below.ts';
import { sha256OfFile } from '../files/sha256.ts';
import type { NamedWorkload } from '../workload/coded-workload.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDERS = ['canary', 'helpers', 'reports'];
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

/** Specs of a team's own, by their hashes: those of the suite are part of its own hash. */
export function ownSpecs(
  specs: readonly string[],
  besideSoak: Readonly<Record<string, readonly string[]>>,
): Promise<NonNullable<RunRecord['ownSpecs']>> {
  const own = [
    ...specs.filter((path) => dirname(path) !== join(ROOT, 'canary')).map((path) => ({ path })),
    ...Object.entries(besideSoak).flatMap(([during, paths]) =>
      paths.map((path) => ({ path, during })),
    ),
  ];
  return Promise.all(own.map(async (one) => ({ ...one, sha256: await sha256OfFile(one.path) })));
}

/** Workloads of a team's own, by the hashes of the modules that export them. */
export const ownWorkloads = (
  workloads: readonly NamedWorkload[],
): Promise<NonNullable<RunRecord['ownWorkloads']>> =>
  Promise.all(
    workloads.map(async ({ name, module }) => {
      const path = fileURLToPath(module);
      return { name, path, sha256: await sha256OfFile(path) };
    }),
  );
