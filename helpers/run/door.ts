import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { judgeCandidateFile, NO_FAULT } from '../agent/candidate.ts';
import { MANIFEST_FILE } from '../evidence/manifest.ts';
import { isFile, readRegularFile } from '../files/regular-file.ts';
import { parseProfile } from '../host/profile.ts';
import { quotedKnob, whyNot } from '../settings/cannot-begin.ts';
import type { KnobsByCode } from '../settings/configuration.ts';
import { located, type Settings, SettingsError, settingsHere } from '../settings/settings.ts';
import { withoutControls } from '../text/escaped-character.ts';
import { outDirProblem, placeProblems } from './places.ts';
import { vitestCommand } from './vitest-options.ts';

/** Only for an answer that the stand-in agent gives at once. */
const STAND_IN_TIMEOUT_MS = 20_000;

type Problems = readonly (string | undefined)[];

function candidateProblem({ AEGIS_BIN: path }: Partial<Settings>): string | undefined {
  if (path === undefined || isFile(path)) return undefined;
  return `AEGIS_BIN=${quotedKnob(path)}: there is no such file; build the candidate, or name another with AEGIS_BIN`;
}

function profileProblem(values: Partial<Settings>): string | undefined {
  const { PRODUCTION_PROFILE: path, productionProfile: text } = values;
  if (path === undefined || text === undefined) return undefined;
  const why = whyNot(() => parseProfile(text, path));
  return why && `PRODUCTION_PROFILE=${quotedKnob(path)}: ${why}`;
}

/** The stand-in agent alone knows its faults; what it says of a misspelt one. */
function faultsProblem(
  { AEGIS_BIN, ...values }: Partial<Settings>,
  knob: 'STAND_IN_FAULTS' | 'STAND_IN_PREVIOUS_FAULTS',
): string | undefined {
  const faults = values[knob];
  if (!faults || faults === NO_FAULT || AEGIS_BIN === undefined) return undefined;
  // What anybody could have written is not run, not even for that.
  if (judgeCandidateFile(AEGIS_BIN).verdict !== 'pass') return undefined;
  const { stderr } = spawnSync(AEGIS_BIN, ['stand-in-faults'], {
    env: { PATH: '/usr/bin:/bin', STAND_IN_FAULTS: faults },
    encoding: 'utf8',
    timeout: STAND_IN_TIMEOUT_MS,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const why = /^stand-in: (.*)$/m.exec(stderr ?? '')?.[1];
  return why && `${knob}=${quotedKnob(faults)}: ${why}`;
}

function finishedProblem(run: string): string | undefined {
  const why = whyNot(() => readRegularFile(join(run, 'run.json')));
  return why && `CANARY_RUN=${quotedKnob(run)} is not the directory of a finished run: ${why}`;
}

/** An earlier run is only read; what its evidence is worth is looked at when it is compared. */
function comparedProblem(run: string, at: number, all: readonly string[]): string | undefined {
  const quoted = quotedKnob(run);
  if (all.indexOf(run) !== at) return `COMPARE_WITH=${quoted} is named twice`;
  const why = ['run.json', MANIFEST_FILE]
    .map((name) => whyNot(() => readRegularFile(join(run, name))))
    .find((one) => one !== undefined);
  return why && `COMPARE_WITH=${quoted} is not the directory of a sealed run: ${why}`;
}

const comparedWithItself = (run: string) =>
  `COMPARE_WITH=${quotedKnob(run)} is the run of CANARY_RUN itself`;

/** Files and directories that the knobs name; knobs that cannot be used are absent. */
function namedProblems(values: Partial<Settings>): Problems {
  const { CANARY_RUN: runs, OUT_DIR, COMPARE_WITH: earlier = [] } = values;
  // A run that is judged again needs no candidate; several are put together in a new directory.
  const writes = runs === undefined || runs.length > 1;
  const problems = [
    writes && OUT_DIR !== undefined ? outDirProblem(OUT_DIR) : undefined,
    ...(runs === undefined
      ? [
          candidateProblem(values),
          profileProblem(values),
          faultsProblem(values, 'STAND_IN_FAULTS'),
          faultsProblem(values, 'STAND_IN_PREVIOUS_FAULTS'),
        ]
      : runs.map(finishedProblem)),
    ...earlier.map(comparedProblem),
    ...(runs ?? []).filter((run) => earlier.includes(run)).map(comparedWithItself),
  ];
  return problems.filter((one) => one !== undefined).map(located(values.setBy ?? {}));
}

/** What this host and the candidate must be able to do before a run of them begins. */
function hostProblems(settings: Settings): Problems {
  if (settings.CANARY_RUN !== undefined) return [];
  if (process.getuid?.() === 0) return placeProblems(settings);
  // Who is not root cannot try where root could write.
  return [
    'the canary loads BPF programs and must run as root; nothing was touched, use `sudo npx vitest run canary`',
  ];
}

/** Everything in the way of a run, in words for the person who started it. */
function refuse(collected: Problems): never {
  const problems = collected.filter((problem) => problem !== undefined);
  const [only = '', ...more] = problems.map(withoutControls);
  const touched = 'nothing was touched';
  const text =
    more.length > 0
      ? `${problems.length} things are in the way of a run; ${touched}:\n  ${[only, ...more].join('\n  ')}`
      : only.includes(touched)
        ? only
        : `${only}; ${touched}`;
  process.stderr.write(`aegisbpf-canary: ${text}\n`);
  process.exit(2);
}

/**
 * Settings of a run that can begin. Everything that can be tried is tried before vitest starts anything: when
 * something is in the way, all of it is told at once and the process ends with exit code 2.
 * @param more what is in the way besides, one line each.
 * @param byCode knobs that the vitest configuration sets.
 */
export function enter(more: readonly string[], byCode: KnobsByCode) {
  const { lists, problems: options } = vitestCommand(process.argv.slice(2));
  const problems = [...options, ...more];
  let settings: Settings;
  try {
    settings = settingsHere(byCode);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return refuse([...problems, ...error.problems, ...namedProblems(error.usable)]);
  }
  // Listing the runbook needs no host.
  const all = lists ? [] : [...problems, ...namedProblems(settings), ...hostProblems(settings)];
  if (all.some((problem) => problem !== undefined)) refuse(all);
  return { settings, lists };
}
