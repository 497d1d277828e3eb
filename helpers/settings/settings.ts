import { statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { readKnownEvents } from '../review/known-events.ts';
import { escapedCharacter } from './escaped-character.ts';
import { signingKeyProblem } from './signing-key.ts';

/** A knob's raw value counts as unset when it is empty, as `PHASE= npx vitest …` means. */
const unset = (value: unknown) => (value === '' ? undefined : value);

const wholeNumber = (lowest: number, highest: number, unit: string) =>
  z
    .string()
    .regex(/^\d{1,12}$/, `expected a whole number of ${unit} from ${lowest} to ${highest}`)
    .transform(Number)
    .refine(
      (value) => value >= lowest && value <= highest,
      `expected a whole number of ${unit} from ${lowest} to ${highest}`,
    );

const decimal = (lowest: number, highest: number, unit: string) =>
  z
    .string()
    .regex(/^\d{1,9}(\.\d{1,9})?$/, `expected a number (${unit}) from ${lowest} to ${highest}`)
    .transform(Number)
    .refine(
      (value) => value >= lowest && value <= highest,
      `expected a number (${unit}) from ${lowest} to ${highest}`,
    );

const zeroOrOne = z
  .string()
  .regex(/^[01]$/, 'expected 0 or 1')
  .transform((value) => value === '1');

const path = z
  .string()
  .refine((value) => !value.includes('\0'), 'a path cannot hold a NUL byte')
  .transform((value) => resolve(value));

/** Several with colons between, as in PATH. */
const paths = z
  .string()
  .refine((value) => !value.includes('\0'), 'a path cannot hold a NUL byte')
  .transform((value) => value.split(':').filter((one) => one !== ''))
  .refine((list) => list.length > 0, 'expected a directory, or several with colons between')
  .transform((list) => [...new Set(list.map((one) => resolve(one)))]);

const oneLine = z
  .string()
  .max(300, 'expected at most 300 characters')
  .regex(/^[^\p{Cc}]*$/u, 'expected one line without control characters');

/** What the soak can do with a denied file besides opening it, which it always does. */
export const SIDE_OPERATIONS = ['exec', 'mmap', 'hardlink', 'rename', 'symlink'] as const;
export type SideOperation = (typeof SIDE_OPERATIONS)[number];
const OPERATIONS: readonly string[] = ['open', ...SIDE_OPERATIONS];

const operations = z
  .string()
  .transform((text) => [...new Set(text.split(',').map((name) => name.trim()))])
  .refine(
    (names) => names.every((name) => OPERATIONS.includes(name)),
    `expected a list, with commas, of ${OPERATIONS.join(', ')}`,
  )
  .transform((names) => SIDE_OPERATIONS.filter((name) => names.includes(name)));

/** Trees that programs all over a host read: denying a file there is an outage, not a canary. */
const SYSTEM_TREES = [
  ...['/bin', '/boot', '/dev', '/etc', '/lib', '/lib32', '/lib64', '/libx32', '/proc', '/root'],
  ...['/run', '/sbin', '/sys', '/usr', '/var/lib', '/var/run'],
];

/** Defaults are the runbook's (DESIGN.md), except where the description says otherwise. */
const knobs = z.object({
  AEGIS_BIN: path.prefault('./build/aegisbpf'),
  AEGIS_BPF_OBJ: path.optional(),
  AEGIS_BPF_OBJ_HASH_PATH: path.optional(),
  AEGIS_BIN_PREVIOUS: path.optional(),
  AEGIS_BPF_OBJ_PREVIOUS: path.optional(),
  PHASE: z
    .enum(['all', 'audit', 'enforce', 'rollback'], {
      error: 'expected all, audit, enforce or rollback',
    })
    .prefault('all'),
  DURATION_SECONDS: wholeNumber(1, 604_800, 'seconds').prefault('300'),
  MAX_RINGBUF_DROPS: wholeNumber(0, 1e12 - 1, 'drops').prefault('100'),
  MAX_EVENT_DROP_RATIO_PCT: decimal(0, 100, 'percent').prefault('0.1'),
  MIN_TOTAL_DECISIONS: wholeNumber(1, 1e12 - 1, 'decisions').prefault('100'),
  MAX_RSS_GROWTH_KB: wholeNumber(0, 1e12 - 1, 'KiB').prefault('65536'),
  ENFORCE_SIGNAL: z
    .enum(['term', 'kill', 'int', 'none'], { error: 'expected term, kill, int or none' })
    .prefault('term'),
  ALLOW_SIGKILL_CANARY: zeroOrOne.prefault('0'),
  OUT_DIR: path.prefault('artifacts/canary'),
  WORKERS: wholeNumber(1, 64, 'worker processes').prefault('4'),
  SOAK_RATE: wholeNumber(1, 100_000, 'attempts per second').prefault('500'),
  SETTLE_SECONDS: wholeNumber(0, 600, 'seconds').prefault('5'),
  SOAK_RUN_ON: zeroOrOne.prefault('0'),
  SAMPLE_SECONDS: wholeNumber(1, 60, 'seconds').prefault('1'),
  POLL_SECONDS: wholeNumber(1, 3600, 'seconds').prefault('5'),
  RINGBUF_BYTES: wholeNumber(0, 2 ** 30, 'bytes').prefault('16777216'),
  SOAK_BLOCK_PATH: z.string().optional(),
  SOAK_NET_WORKLOAD: zeroOrOne.prefault('0'),
  SOAK_NET_RATE: wholeNumber(2, 1000, 'connects per second').prefault('50'),
  SOAK_OPERATIONS: operations.prefault('open'),
  SOAK_OPERATION_RATE: wholeNumber(1, 100, 'attempts per second').prefault('10'),
  HEADROOM: zeroOrOne.prefault('0'),
  HEADROOM_MAX_RATE: wholeNumber(1000, 1_000_000, 'opens per second').prefault('50000'),
  HEADROOM_STEP_SECONDS: wholeNumber(1, 600, 'seconds').prefault('5'),
  PROBE_DIR: path.prefault('/var/tmp'),
  CANDIDATE_POLICY: path.optional(),
  PRODUCTION_PROFILE: path.optional(),
  ATTEST_PRODUCTION_MATCH: oneLine.optional(),
  KNOWN_DEFECTS: path.optional(),
  CHANGE_TICKET: oneLine.optional(),
  SIGNING_KEY: path.optional(),
  KNOWN_EVENTS: path.optional(),
  CANARY_RUN: paths.optional(),
  READY_TIMEOUT_SECONDS: wholeNumber(1, 600, 'seconds').prefault('60'),
  COMMAND_TIMEOUT_SECONDS: wholeNumber(1, 600, 'seconds').prefault('60'),
  HOST_ROOT: path.prefault('/'),
  STAND_IN_FAULTS: oneLine.prefault(''),
});

type Knobs = z.output<typeof knobs>;

/** Every knob of the suite, parsed once and frozen. Units are in the names. */
export type Settings = Readonly<Knobs>;

/** The names of all knobs, in the order the README lists them. */
export const knobNames = Object.keys(knobs.shape) as readonly (keyof Knobs)[];

/** What `readSettings` throws: every bad knob at once, one line each. */
export class SettingsError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `${problems.length} knob${problems.length === 1 ? '' : 's'} cannot be used; nothing was touched:\n` +
        problems.map((problem) => `  ${problem}`).join('\n'),
    );
    this.name = 'SettingsError';
    this.problems = problems;
  }
}

/** A knob's value in quotes, without anything that a terminal would act on. */
const shownKnob = (value: string | undefined) =>
  JSON.stringify(value)?.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapedCharacter);

type Problem = string;

function combinationProblems(values: Partial<Knobs>): Problem[] {
  const problems: Problem[] = [];
  if (values.ENFORCE_SIGNAL === 'kill' && values.ALLOW_SIGKILL_CANARY === false) {
    problems.push(
      'ENFORCE_SIGNAL=kill: SIGKILL enforcement is exceptional containment testing; ' +
        'set ALLOW_SIGKILL_CANARY=1 to confirm it, or use ENFORCE_SIGNAL=term for the standard enforce canary',
    );
  }
  const besides = [
    ...(values.SOAK_NET_WORKLOAD === true ? ['SOAK_NET_WORKLOAD=1'] : []),
    ...(values.HEADROOM === true ? ['HEADROOM=1'] : []),
    ...((values.SOAK_OPERATIONS ?? []).length > 0
      ? [`SOAK_OPERATIONS=${values.SOAK_OPERATIONS?.join(',')}`]
      : []),
  ];
  if (values.ENFORCE_SIGNAL === 'kill' && besides.length > 0) {
    problems.push(
      `${besides.join(', ')} with ENFORCE_SIGNAL=kill: their workers count denials in one process each, which the agent would kill; use term, int or none`,
    );
  }
  if (values.AEGIS_BPF_OBJ_PREVIOUS !== undefined && values.AEGIS_BIN_PREVIOUS === undefined) {
    problems.push(
      'AEGIS_BPF_OBJ_PREVIOUS: it belongs to AEGIS_BIN_PREVIOUS, which is not set; name both or neither',
    );
  }
  const ring = values.RINGBUF_BYTES;
  if (ring !== undefined && ring !== 0 && (ring < 4096 || (ring & (ring - 1)) !== 0)) {
    // Documentation/bpf/ringbuf.rst: the size is a power of two and a multiple of the page size.
    problems.push(
      `RINGBUF_BYTES=${ring}: expected 0 (the agent's default) or a power of two of at least 4096`,
    );
  }
  const unusable = signingKeyProblem(values.SIGNING_KEY);
  if (unusable !== undefined) {
    problems.push(`SIGNING_KEY=${shownKnob(values.SIGNING_KEY)}: cannot sign with it: ${unusable}`);
  }
  const attempts = (values.SOAK_RATE ?? Number.NaN) * (values.DURATION_SECONDS ?? Number.NaN);
  if (attempts < (values.MIN_TOTAL_DECISIONS ?? 0)) {
    problems.push(
      `MIN_TOTAL_DECISIONS=${values.MIN_TOTAL_DECISIONS}: SOAK_RATE × DURATION_SECONDS makes only ${attempts} attempts, so this run could never pass; raise SOAK_RATE or DURATION_SECONDS`,
    );
  }
  return [
    ...problems,
    ...knownEventsProblems(values.KNOWN_EVENTS),
    ...previousProblems(values),
    ...blockPathProblems(values.SOAK_BLOCK_PATH),
  ];
}

/** A verdict that cannot be carried over is known before the soak, not behind it. */
function knownEventsProblems(path: string | undefined): Problem[] {
  if (path === undefined) return [];
  const read = readKnownEvents(path);
  return read.ok ? [] : read.problems.map((problem) => `KNOWN_EVENTS: ${problem}`);
}

/** The files of the former version: what is not there must be known before the host is touched. */
function previousProblems(values: Partial<Knobs>): Problem[] {
  return (['AEGIS_BIN_PREVIOUS', 'AEGIS_BPF_OBJ_PREVIOUS'] as const).flatMap((name) => {
    const file = values[name];
    if (file === undefined) return [];
    return isFile(file) ? [] : [`${name}=${shownKnob(file)}: there is no such file`];
  });
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function blockPathProblems(target: string | undefined): Problem[] {
  if (target === undefined) return [];
  const shown = shownKnob(target);
  if (
    !isAbsolute(target) ||
    target.includes('\0') ||
    resolve(target) !== target ||
    target === '/'
  ) {
    return [`SOAK_BLOCK_PATH=${shown}: expected an absolute path without "." or ".." parts`];
  }
  const tree = SYSTEM_TREES.find((root) => target === root || target.startsWith(`${root}/`));
  if (tree === undefined) return [];
  return [
    `SOAK_BLOCK_PATH=${shown}: files below ${tree} are read by programs all over the host, and the enforce phase would deny and signal them; ` +
      'leave it unset to use a file of the canary’s own, or name one that only your test reads',
  ];
}

function parseKnobs(environment: NodeJS.ProcessEnv): {
  values: Partial<Knobs>;
  problems: Problem[];
} {
  const values: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const name of knobNames) {
    const parsed = knobs.shape[name].safeParse(unset(environment[name]));
    if (parsed.success) values[name] = parsed.data;
    else {
      const why = parsed.error.issues.map((issue) => issue.message).join('; ');
      problems.push(`${name}=${shownKnob(environment[name])}: ${why}`);
    }
  }
  return { values: values as Partial<Knobs>, problems };
}

/**
 * Reads every knob from the environment.
 * @throws SettingsError naming every knob that cannot be used; nothing on the host is touched before.
 */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const { values, problems } = parseKnobs(environment);
  const all = [...problems, ...combinationProblems(values)];
  if (all.length > 0) throw new SettingsError(all);
  return Object.freeze(
    knobs.parse(Object.fromEntries(knobNames.map((name) => [name, unset(environment[name])]))),
  );
}

export type Phase = 'audit' | 'enforce' | 'rollback';

/** The phases of the runbook that this run is asked for. */
export function askedPhases(settings: Settings): readonly Phase[] {
  return settings.PHASE === 'all' ? ['audit', 'enforce', 'rollback'] : [settings.PHASE];
}
