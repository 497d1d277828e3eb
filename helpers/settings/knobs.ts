import { resolve } from 'node:path';
import { z } from 'zod';
import { type LimitKnob, THRESHOLDS } from './thresholds.ts';

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
    `expected a comma-separated list of ${OPERATIONS.join(', ')}`,
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
export const knobs = z.object({
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
  PLANNED_RESTART_DAYS: wholeNumber(0, 3650, 'days').prefault('7'),
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

export type Knobs = z.output<typeof knobs>;
