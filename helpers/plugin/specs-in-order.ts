import { existsSync, globSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { PHASES, type Phase } from '../settings/settings.ts';

/** A part of the runbook: a spec file of its own. */
type Part = 'preconditions' | Phase;

/** Spec files of a team's own, and where they stand in the runbook. */
export interface OwnSpecs {
  /** A path or a glob pattern; more than one file runs in the order of their paths. */
  readonly files: string;
  /** They run behind this part of the runbook; behind the rollback drill, before the exit criteria, where absent. */
  readonly after?: Part;
  /** They run before this part of the runbook, in place of behind one; before `preconditions`, before everything. */
  readonly before?: Part;
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

/** Where own specs stand; behind the rollback drill where they do not say. */
function placeOf({ before, after, during }: OwnSpecs) {
  if (during !== undefined) return { where: 'during', of: during } as const;
  if (before !== undefined) return { where: 'before', of: before } as const;
  return { where: 'after', of: after ?? 'rollback' } as const;
}

/** What is wrong with where own specs stand, and with their paths. */
function problemsOf(root: string, own: OwnSpecs, paths: readonly string[]) {
  const { files, before, after, during } = own;
  const told = `own specs ${JSON.stringify(files)}`;
  const problems: string[] = [];
  if ([before, after, during].filter((place) => place !== undefined).length > 1)
    problems.push(`${told}: they stand in one place; name one of before, after and during`);
  for (const [word, part] of Object.entries({ before, after }))
    if (part !== undefined && !PARTS.includes(part))
      problems.push(
        `${told}: ${word}=${JSON.stringify(part)} names no part of the runbook; use one of ${PARTS.join(', ')}`,
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
 * @returns absolute paths of what vitest runs, of what the soaks load, of the team's own with where each stands, and why own specs cannot be run, one line each.
 */
export function specsInOrder(root: string, asked: readonly OwnSpecs[]) {
  const placed = asked.map((one) => {
    const { files } = one;
    const there = existsSync(resolve(root, files)) ? [files] : globSync(files, { cwd: root });
    return { one, ...placeOf(one), paths: there.map((file) => resolve(root, file)).sort() };
  });
  const at = (where: 'before' | 'after' | 'during', isPart: (part: string) => boolean) =>
    placed.filter((own) => own.where === where && isPart(own.of)).flatMap(({ paths }) => paths);
  const during = (mode: SoakMode) => at('during', (part) => part === mode);
  const besideSoak = { audit: during('audit'), enforce: during('enforce') };
  const runbook = globSync('*.spec.{ts,js}', { cwd: RUNBOOK })
    .sort()
    .map((name) => join(RUNBOOK, name));
  const specs = runbook.flatMap((file) => {
    const isHere = (part: string) => isOfPart(file, part);
    return [...at('before', isHere), file, ...at('after', isHere)];
  });
  const beside = [...besideSoak.audit, ...besideSoak.enforce];
  const named = placed.flatMap(({ paths, where, of }) =>
    paths.map((path) => ({ path, at: `${where} ${of}` })),
  );
  // In a clone they may stand among the runbook's.
  const among = runbook.filter(
    (path) =>
      ![...PARTS, 'exit-criteria'].some((part) => isOfPart(path, part)) &&
      !named.some((one) => one.path === path),
  );
  const twice = named.filter(
    ({ path, at: place }) =>
      (beside.includes(path) && specs.includes(path)) ||
      named.some((other) => other.path === path && other.at !== place),
  );
  const problems = [
    ...placed.flatMap(({ paths, one }) => problemsOf(root, one, paths)),
    ...new Set(twice.map(({ path }) => path))
      .values()
      .map((path) => `own spec ${path}: it stands in two places; it is judged once`),
  ];
  const own = [...named, ...among.map((path) => ({ path, at: 'by its name' }))];
  return { specs: [...new Set(specs)], besideSoak, own, problems };
}
