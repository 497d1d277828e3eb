import { existsSync, globSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { PHASES, type Phase } from '../settings/settings.ts';

/** Spec files of a team's own, and where they stand in the runbook. */
export interface OwnSpecs {
  /** A path or a glob pattern; more than one file runs in the order of their paths. */
  readonly files: string;
  /** They run behind this part of the runbook; behind the rollback drill, before the exit criteria, where absent. */
  readonly after?: 'preconditions' | Phase;
  /** They are judged while this soak goes on, in place of behind a part of the runbook. */
  readonly during?: SoakMode;
}

const SOAKS = ['audit', 'enforce'] as const;
type SoakMode = (typeof SOAKS)[number];

const RUNBOOK = join(import.meta.dirname, '../../canary');

/** `vitest run canary` takes the files that have this word in their path. */
const FILTER = 'canary';

const PARTS: readonly string[] = ['preconditions', ...PHASES];

const isOfPart = (file: string, part: string) => basename(file).includes(`-${part}.spec.`);

/** What is wrong with where own specs stand, and with their paths. */
function problemsOf(
  root: string,
  { files, after = 'rollback', during }: OwnSpecs,
  paths: readonly string[],
) {
  const told = `own specs ${JSON.stringify(files)}`;
  const problems: string[] = [];
  if (!PARTS.includes(after))
    problems.push(
      `${told}: after=${JSON.stringify(after)} names no part of the runbook; use one of ${PARTS.join(', ')}`,
    );
  if (paths.length === 0) problems.push(`${told}: no such file below ${root}`);
  if (during !== undefined && !SOAKS.includes(during))
    problems.push(
      `${told}: during=${JSON.stringify(during)} names no soak; use one of ${SOAKS.join(', ')}`,
    );
  // What is judged during a soak is loaded by the runbook, whatever the filter.
  if (during !== undefined) return problems;
  for (const path of paths)
    if (!relative(root, path).includes(FILTER))
      problems.push(
        `own spec ${path}: \`vitest run canary\` would leave it out, for its path below ${root} has no "canary"; put it into a folder canary/`,
      );
  return problems;
}

/**
 * The runbook's specs in their order, and a team's own among them.
 * @returns absolute paths of what vitest runs, of what the soaks load, and why own specs cannot be run, one line each.
 */
export function specsInOrder(root: string, own: readonly OwnSpecs[]) {
  const placed = own.map((one) => {
    const { files } = one;
    const there = existsSync(resolve(root, files)) ? [files] : globSync(files, { cwd: root });
    return { ...one, paths: there.map((file) => resolve(root, file)).sort() };
  });
  const during = (mode: SoakMode) =>
    placed.filter((one) => one.during === mode).flatMap(({ paths }) => paths);
  const besideSoak = { audit: during('audit'), enforce: during('enforce') };
  const specs = globSync('*.spec.{ts,js}', { cwd: RUNBOOK })
    .sort()
    .map((name) => join(RUNBOOK, name))
    .flatMap((file) => [
      file,
      ...placed.flatMap(({ after = 'rollback', during: soak, paths }) =>
        soak === undefined && isOfPart(file, after) ? paths : [],
      ),
    ]);
  const beside = [...besideSoak.audit, ...besideSoak.enforce];
  const twice = beside.filter((path, at) => beside.indexOf(path) < at || specs.includes(path));
  const problems = [
    ...placed.flatMap(({ paths, ...one }) => problemsOf(root, one, paths)),
    ...twice.map((path) => `own spec ${path}: it stands in two places; it is judged once`),
  ];
  return { specs: [...new Set(specs)], besideSoak, problems };
}
