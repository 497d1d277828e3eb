import { resolve } from 'node:path';
import { z } from 'zod';
import { readRegularBytes, readRegularFile } from '../files/regular-file.ts';
import { utf8Text } from '../text/utf8-text.ts';
import { type LimitKnob, THRESHOLDS } from '../thresholds/thresholds.ts';
import { quotedKnob } from './cannot-begin.ts';
import { combinationProblems } from './combinations.ts';
import { type KnownDefects, readKnownDefects } from './known-defects.ts';
import { type KnownEvent, readKnownEvents } from './known-events.ts';
import { nearMisses } from './near-misses.ts';

/** A knob's raw value counts as unset when it is empty, as `PHASE= npx vitest …` means. */
const unset = (value: unknown) => (value === '' ? undefined : value);

const numberOf =
  (digits: RegExp, what: (unit: string) => string) =>
  (lowest: number, highest: number, unit: string) => {
    const expected = `expected ${what(unit)} from ${lowest} to ${highest}`;
    return z
      .string()
      .regex(digits, expected)
      .transform(Number)
      .refine((value) => value >= lowest && value <= highest, expected);
  };

/** A whole number from the lowest to the highest. */
export const wholeNumber = numberOf(/^\d{1,12}$/, (unit) => `a whole number of ${unit}`);
const decimal = numberOf(/^\d{1,9}(\.\d{1,9})?$/, (unit) => `a number (${unit})`);

const zeroOrOne = z
  .string()
  .regex(/^[01]$/, 'expected 0 or 1')
  .transform((value) => value === '1');

const noNul = z.string().refine((value) => !value.includes('\0'), 'a path cannot hold a NUL byte');
const path = noNul.transform((value) => resolve(value));

/** Several with colons between, as in PATH. */
const paths = noNul
  .transform((value) => value.split(':').filter((one) => one !== ''))
  .refine((list) => list.length > 0, 'expected a directory, or several with colons between')
  .transform((list) => list.map((one) => resolve(one)));

/** Somebody's word for something: a blank one is nobody's. */
const attestation = z
  .string()
  .trim()
  .min(8, 'expected your name and what you compared, at least 8 characters');

const oneLine = z
  .string()
  .max(300, 'expected at most 300 characters')
  .regex(/^[^\p{Cc}]*$/u, 'expected one line without control characters');

/** What the soak can do with a denied file besides opening it, which it always does. */
const SIDE_OPERATIONS = ['exec', 'mmap', 'hardlink', 'rename', 'symlink'] as const;
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

const limit = ({ accepts }: (typeof THRESHOLDS)[number]) =>
  (accepts.whole ? wholeNumber : decimal)(accepts.lowest, accepts.highest, accepts.unit).prefault(
    accepts.byDefault,
  );

/** The knob of every threshold. */
const limits = Object.fromEntries(
  THRESHOLDS.map((threshold) => [threshold.knob, limit(threshold)]),
) as Record<LimitKnob, ReturnType<typeof limit>>;

/** Defaults are the runbook's. */
const knobs = z.object({
  AEGIS_BIN: path.prefault('./build/aegisbpf'),
  AEGIS_BPF_OBJ: path.optional(),
  AEGIS_BPF_OBJ_HASH_PATH: path.optional(),
  AEGIS_BIN_PREVIOUS: path.optional(),
  AEGIS_BPF_OBJ_PREVIOUS: path.optional(),
  PHASE: z
    .enum(['all', 'audit', 'enforce', 'coverage', 'rollback'], {
      error: 'expected all, audit, enforce, coverage or rollback',
    })
    .prefault('all'),
  DURATION_SECONDS: wholeNumber(1, 604_800, 'seconds').prefault('300'),
  ...limits,
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
  ATTEST_PRODUCTION_MATCH: oneLine.pipe(attestation).optional(),
  KNOWN_DEFECTS: path.optional(),
  CHANGE_TICKET: oneLine.optional(),
  SIGNING_KEY: path.optional(),
  ALLOW_UNSIGNED: zeroOrOne.prefault('0'),
  KNOWN_EVENTS: path.optional(),
  CANARY_RUN: paths.optional(),
  READY_TIMEOUT_SECONDS: wholeNumber(1, 600, 'seconds').prefault('60'),
  COMMAND_TIMEOUT_SECONDS: wholeNumber(1, 600, 'seconds').prefault('60'),
  HOST_ROOT: path.prefault('/'),
  STAND_IN_FAULTS: oneLine.prefault(''),
});

type Knobs = z.output<typeof knobs>;

/** What the operator's files said when the settings were read; they are not read again. */
interface OperatorsFiles {
  /** Findings that KNOWN_DEFECTS accepts. */
  readonly knownDefects: Readonly<KnownDefects>;
  /** Verdicts of an earlier release, from KNOWN_EVENTS. */
  readonly knownEvents: readonly KnownEvent[];
  /** The bytes of CANDIDATE_POLICY, in base64. */
  readonly candidatePolicy: string | undefined;
  /** The text of PRODUCTION_PROFILE; a run that is judged again needs none. */
  readonly productionProfile: string | undefined;
}

/** Every knob of the suite, parsed once and frozen. Units are in the names. */
export type Settings = Readonly<Knobs> & OperatorsFiles;

/** The names of all knobs, in the order the README lists them. */
export const knobNames = Object.keys(knobs.shape) as readonly (keyof Knobs)[];

/** What `readSettings` throws: every bad knob at once, one line each. */
export class SettingsError extends Error {
  readonly problems: readonly string[];
  /** The knobs and files that can be used, so that what else is in the way of a run is said at once. */
  readonly usable: Partial<Settings>;
  constructor(problems: readonly string[], usable: Partial<Settings> = {}) {
    super(
      `${problems.length} knob${problems.length === 1 ? '' : 's'} cannot be used; nothing was touched:\n` +
        problems.map((problem) => `  ${problem}`).join('\n'),
    );
    this.name = 'SettingsError';
    this.problems = problems;
    this.usable = usable;
  }
}

function parseKnobs(environment: NodeJS.ProcessEnv) {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const name of knobNames) {
    const parsed = knobs.shape[name].safeParse(unset(environment[name]));
    if (parsed.success) values[name] = parsed.data;
    else {
      const why = parsed.error.issues.map((issue) => issue.message).join('; ');
      problems.push(`${name}=${quotedKnob(environment[name])}: ${why}`);
    }
  }
  return { values: values as Partial<Knobs>, problems };
}

/** Reads the files that the knobs name, and says why where one cannot be used. */
function readFiles(values: Partial<Knobs>): { files: OperatorsFiles; problems: string[] } {
  const { KNOWN_EVENTS, CANARY_RUN } = values;
  const problems: string[] = [];
  const read = <T>(
    name: 'KNOWN_DEFECTS' | 'CANDIDATE_POLICY' | 'PRODUCTION_PROFILE',
    reader: (path: string) => T,
    cannot = '',
  ): T | undefined => {
    const path = values[name];
    try {
      return path === undefined ? undefined : reader(path);
    } catch (error) {
      problems.push(`${name}=${quotedKnob(path)}: ${cannot}${(error as Error).message}`);
      return undefined;
    }
  };
  const knownDefects = read('KNOWN_DEFECTS', readKnownDefects) ?? [];
  const candidatePolicy = read('CANDIDATE_POLICY', policyBytes, 'it cannot be read: ');
  const unreadable = `${values.PRODUCTION_PROFILE} cannot be read: `;
  const productionProfile =
    CANARY_RUN === undefined ? read('PRODUCTION_PROFILE', readRegularFile, unreadable) : undefined;
  const events =
    KNOWN_EVENTS === undefined ? { ok: true as const, events: [] } : readKnownEvents(KNOWN_EVENTS);
  if (!events.ok) problems.push(...events.problems.map((problem) => `KNOWN_EVENTS: ${problem}`));
  const knownEvents = events.ok ? events.events : [];
  return { files: { knownDefects, knownEvents, candidatePolicy, productionProfile }, problems };
}

/** The agent gets the bytes that were there, whatever it makes of them. */
function policyBytes(path: string): string {
  const bytes = readRegularBytes(path);
  utf8Text(bytes);
  return bytes.toString('base64');
}

/** The knobs alone, as a run's record lists them. */
export function knobsOf(settings: Settings): Readonly<Knobs> {
  const { knownDefects, knownEvents, candidatePolicy, productionProfile, ...values } = settings;
  return values;
}

/** The same settings, and nobody can change them: every process judges by the same. */
export function frozen(settings: Settings): Settings {
  for (const part of [...settings.knownDefects, ...settings.knownEvents]) Object.freeze(part);
  for (const value of Object.values(settings)) if (typeof value === 'object') Object.freeze(value);
  return Object.freeze(settings);
}

/**
 * Reads every knob from the environment, and the files that they name.
 * @throws SettingsError naming every knob that cannot be used; nothing on the host is touched before.
 */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const { values, problems } = parseKnobs(environment);
  const { files, problems: unusable } = readFiles(values);
  const misspelt = nearMisses(environment, knobNames);
  const all = [...misspelt, ...problems, ...combinationProblems(values), ...unusable];
  if (all.length > 0) throw new SettingsError(all, { ...values, ...files });
  const parsed = knobs.parse(
    Object.fromEntries(knobNames.map((name) => [name, unset(environment[name])])),
  );
  return frozen({ ...parsed, ...files });
}

/** The phases that can be asked for, in their order. */
export const PHASES = ['audit', 'enforce', 'coverage', 'rollback'] as const;
export type Phase = (typeof PHASES)[number];

/** The phases of the runbook that this run is asked for. */
export function askedPhases(settings: Settings): readonly Phase[] {
  return settings.PHASE === 'all' ? PHASES : [settings.PHASE];
}
