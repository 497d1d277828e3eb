import { existsSync, globSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { PHASES, type Phase } from '../settings/settings.ts';

/** Spec files of a team's own, and where they stand in the runbook. */
export interface OwnSpecs {
  /** A path or a glob pattern; more than one file runs in the order of their paths. */
  readonly files: string;
  /** They run behind this part of the runbook; behind the rollback drill, before the exit criteria, where absent. */
  readonly after?: 'preconditions' | Phase;
}

const RUNBOOK = join(import.meta.dirname, '../../canary');

/** `vitest run canary` takes the files that have this word in their path. */
const FILTER = 'canary';

const PARTS: readonly string[] = ['preconditions', ...PHASES];

const isOfPart = (file: string, part: string) => basename(file).includes(`-${part}.spec.`);

/**
 * The runbook's specs in their order, and a team's own among them.
 * @returns absolute paths, and why own specs cannot be run, one line each.
 */
export function specsInOrder(root: string, own: readonly OwnSpecs[]) {
  const problems: string[] = [];
  const placed = own.map(({ files, after = 'rollback' }) => {
    if (!PARTS.includes(after))
      problems.push(
        `own specs ${JSON.stringify(files)}: after=${JSON.stringify(after)} names no part of the runbook; use one of ${PARTS.join(', ')}`,
      );
    const there = existsSync(resolve(root, files)) ? [files] : globSync(files, { cwd: root });
    if (there.length === 0)
      problems.push(`own specs ${JSON.stringify(files)}: no such file below ${root}`);
    const paths = there.map((file) => resolve(root, file)).sort();
    for (const path of paths)
      if (!relative(root, path).includes(FILTER))
        problems.push(
          `own spec ${path}: \`vitest run canary\` would leave it out, for its path below ${root} has no "canary"; put it into a folder canary/`,
        );
    return { after, paths };
  });
  const specs = globSync('*.spec.{ts,js}', { cwd: RUNBOOK })
    .sort()
    .map((name) => join(RUNBOOK, name))
    .flatMap((file) => [
      file,
      ...placed.flatMap(({ after, paths }) => (isOfPart(file, after) ? paths : [])),
    ]);
  return { specs: [...new Set(specs)], problems };
}
