import { resolve } from 'node:path';
import { z } from 'zod';
import { refusedVariables } from './agent-environment.ts';
import { refusedOption } from './agent-options.ts';
import { type LimitKnob, THRESHOLDS } from './thresholds.ts';

/** What a knob's value is, for files and schemas that know more types than text (`knob-facts.ts`). */
const kinds = ['integer', 'number', 'switch', 'path', 'paths', 'list', 'arguments'] as const;
export const knobKind = z.enum(kinds);
type KnobKind = (typeof kinds)[number];
const ofKind = (kind: KnobKind) => ({ kind });

const numberOf =
  (kind: KnobKind, digits: RegExp, what: (unit: string) => string) =>
  (lowest: number, highest: number, unit: string) => {
    const expected = `expected ${what(unit)} from ${lowest} to ${highest}`;
    return z
      .string()
      .regex(digits, expected)
      .transform(Number)
      .refine((value) => value >= lowest && value <= highest, expected)
      .meta({ ...ofKind(kind), minimum: lowest, maximum: highest });
  };

/** A whole number from the lowest to the highest. */
export const wholeNumber = numberOf('integer', /^\d{1,12}$/, (unit) => `a whole number of ${unit}`);
const decimal = numberOf('number', /^\d{1,9}(\.\d{1,9})?$/, (unit) => `a number (${unit})`);

const zeroOrOne = z
  .string()
  .regex(/^[01]$/, 'expected 0 or 1')
  .transform((value) => value === '1')
  .meta(ofKind('switch'));

const withoutNul = (schema: z.ZodString) =>
  schema.refine((value) => !value.includes('\0'), 'a path cannot hold a NUL byte');
const noNul = withoutNul(z.string());
const path = noNul.transform((value) => resolve(value)).meta(ofKind('path'));

const pathsWith = (separator: RegExp, name: string) =>
  noNul
    .transform((value) => value.split(separator).filter((one) => one !== ''))
    .refine((list) => list.length > 0, `expected a directory, or several with ${name} between`)
    .transform((list) => list.map((one) => resolve(one)))
    .meta(ofKind('paths'));

/** As in PATH. */
const paths = pathsWith(/:/, 'colons');
/** Either, for CANARY_RUN has colons. */
const comparedRuns = pathsWith(/[,:]/, 'commas');

/** Somebody's word for something: a blank one is nobody's. */
const attestation = z
  .string()
  .trim()
  .min(8, 'expected your name and what you compared, at least 8 characters');

const oneLine = z
  .string()
  .max(300, 'expected at most 300 characters')
  .regex(/^[^\p{Cc}]*$/u, 'expected one line without control characters');

/** Routes to a denied file that the soak can take besides opening it for reading, which it always does. */
export const SIDE_OPERATIONS = [
  ...(['write', 'append', 'open-truncate', 'create', 'openat2', 'handle', 'io-uring'] as const),
  ...(['proc-fd', 'proc-root', 'proc-cwd', 'symlink', 'hardlink', 'rename'] as const),
  ...(['bind-mount', 'overlay-read'] as const),
  ...(['exec', 'interpreter', 'mmap', 'user', 'thread'] as const),
] as const;
export type SideOperation = (typeof SIDE_OPERATIONS)[number];
const OPERATIONS: readonly string[] = ['open', ...SIDE_OPERATIONS];

const operations = z
  .string()
  .transform((text) => [...new Set(text.split(',').map((name) => name.trim()))])
  .refine(
    (names) => names.every((name) => OPERATIONS.includes(name)),
    `expected a comma-separated list of ${OPERATIONS.join(', ')}`,
  )
  .transform((names) => SIDE_OPERATIONS.filter((name) => names.includes(name)))
  .meta(ofKind('list'));

const aCommand = 'expected a list: the whole path of a program, and its arguments';

const jsonList = (example: string, expected: string) =>
  z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue(`expected JSON, as ${example}`);
        return z.NEVER;
      }
    })
    .pipe(z.array(withoutNul(z.string(expected)), expected).readonly());

/** A program and its arguments; no shell reads it. */
const argumentList = jsonList('["/path/to/program","argument"]', aCommand)
  .refine(([program]) => program?.startsWith('/') === true, aCommand)
  .meta(ofKind('arguments'));

const someOptions = 'expected a list of at least one option';

/** Options of the agent's `run` besides those that the canary sets. */
const agentOptions = jsonList('["--landlock","--drop-caps"]', someOptions)
  .refine((options) => options.length > 0, someOptions)
  .superRefine((options, context) => {
    for (const why of options.flatMap((option) => refusedOption(option) ?? []))
      context.addIssue(why);
  })
  .meta(ofKind('arguments'));

const someVariables = 'expected a list of at least one variable';

/** Variables of the agent besides those that the canary sets. */
const agentEnvironment = jsonList('["AEGIS_NODE_NAME=db-7"]', someVariables)
  .refine((variables) => variables.length > 0, someVariables)
  .superRefine((variables, context) => {
    for (const why of refusedVariables(variables)) context.addIssue(why);
  })
  .meta(ofKind('arguments'));

const limit = ({ accepts, meaning }: (typeof THRESHOLDS)[number]) =>
  (accepts.whole ? wholeNumber : decimal)(accepts.lowest, accepts.highest, accepts.unit)
    .prefault(accepts.byDefault)
    .describe(meaning);

/** The knob of every threshold. */
const limits = Object.fromEntries(
  THRESHOLDS.map((threshold) => [threshold.knob, limit(threshold)]),
) as Record<LimitKnob, ReturnType<typeof limit>>;

/** `CANARY_CONFIG=none` reads no configuration file. */
export const NO_CONFIGURATION = 'none';

/** Defaults are the runbook's. */
export const knobs = z.object({
  CANARY_CONFIG: noNul
    .transform((value) => (value === NO_CONFIGURATION ? value : resolve(value)))
    .optional()
    .meta({
      description:
        'a YAML file with knobs by their names ([configuration.md](configuration.md)); `none` reads none',
      byDefault: '`canary.config.yaml` in the working directory, where it is there',
    }),
  PROFILE: oneLine.optional().describe('which of `profiles` in that file this host belongs to'),
  AEGIS_BIN: path.prefault('./build/aegisbpf').describe('the candidate binary'),
  AEGIS_BPF_OBJ: path.optional().meta({
    description: 'its BPF object, passed through to the agent',
    byDefault: "the agent's own search",
  }),
  AEGIS_BPF_OBJ_HASH_PATH: path.optional().meta({
    description: "the object's `.sha256`, passed through to the agent",
    byDefault: 'beside the object',
  }),
  AEGIS_BIN_PREVIOUS: path
    .optional()
    .describe(
      'the version that production runs today: cost and coverage phase compare the candidate with it, and the drill goes back to it',
    ),
  AEGIS_BPF_OBJ_PREVIOUS: path
    .optional()
    .meta({ description: 'the BPF object of `AEGIS_BIN_PREVIOUS`', byDefault: 'its own search' }),
  AGENT_OPTIONS: agentOptions
    .optional()
    .describe(
      'options of `aegisbpf run` that production sets, as JSON: `["--drop-caps","--landlock"]`; every start of the candidate and of `AEGIS_BIN_PREVIOUS` gets them; those that the canary sets itself are refused',
    ),
  AGENT_ENVIRONMENT: agentEnvironment
    .optional()
    .describe(
      'environment variables of the agent that production sets, as JSON: `["AEGIS_NODE_NAME=db-7"]`; every start and command of the candidate and of `AEGIS_BIN_PREVIOUS` gets them, and nothing else does; those that the canary sets itself are refused',
    ),
  PHASE: z
    .enum(['all', 'preconditions', 'audit', 'enforce', 'coverage', 'cost', 'rollback'], {
      error: 'expected all, preconditions, audit, enforce, coverage, cost or rollback',
    })
    .prefault('all')
    .describe(
      '`all`, `audit`, `enforce`, `coverage`, `cost` or `rollback`; `preconditions` alone is what `npm run doctor` asks for',
    ),
  DURATION_SECONDS: wholeNumber(1, 604_800, 'seconds')
    .prefault('300')
    .describe('length of each soak'),
  ...limits,
  PLANNED_RESTART_DAYS: wholeNumber(0, 3650, 'days')
    .prefault('7')
    .describe(
      'what the agent uses must not grow so fast that it meets its limit sooner than this; `0` only reports it',
    ),
  MAX_STOP_MS: wholeNumber(1, 600_000, 'ms')
    .prefault('10000')
    .describe('time from SIGINT to the end of the agent behind a soak, ms, at most'),
  MAX_RESTART_GAP_MS: wholeNumber(1, 600_000, 'ms')
    .prefault('5000')
    .describe(
      'time without enforcement in an orderly restart, and from a SIGKILL to the first denial of the next life, ms, at most',
    ),
  MAX_RESTART_GAP_OPENS: wholeNumber(1, 600_000, 'opens').optional().meta({
    description:
      'opens of a denied file that go through in that time, at most; our process makes 500 a second',
    byDefault: 'one for each ms of `MAX_RESTART_GAP_MS`: more the process cannot make',
  }),
  MAX_APPLY_PAUSE_MS: wholeNumber(0, 600_000, 'ms')
    .prefault('2000')
    .describe('time without enforcement while the drill applies a policy, ms, at most'),
  ENFORCE_SIGNAL: z
    .enum(['term', 'kill', 'int', 'none'], { error: 'expected term, kill, int or none' })
    .prefault('term')
    .describe('what enforce sends to whoever opens a denied file: `term`, `int`, `kill` or `none`'),
  ALLOW_SIGKILL_CANARY: zeroOrOne
    .prefault('0')
    .describe(
      '`1` allows `ENFORCE_SIGNAL=kill`: exceptional containment testing, never a standard pass',
    ),
  OUT_DIR: path.prefault('artifacts/canary').describe('where evidence goes'),
  WORKERS: wholeNumber(1, 64, 'worker processes')
    .prefault('4')
    .describe('processes that open the denied file'),
  SOAK_RATE: wholeNumber(1, 100_000, 'attempts per second')
    .prefault('500')
    .describe('opens per second, all workers together'),
  SETTLE_SECONDS: wholeNumber(0, 600, 'seconds')
    .prefault('5')
    .describe('wait before the memory baseline: loading BPF peaks at twice the settled size'),
  SOAK_RUN_ON: zeroOrOne
    .prefault('0')
    .describe(
      '`1` goes on when a criterion can no longer pass; by default the soak ends at once and says why',
    ),
  SAMPLE_SECONDS: wholeNumber(1, 60, 'seconds')
    .prefault('1')
    .describe("between samples from the agent's metrics endpoint"),
  POLL_SECONDS: wholeNumber(1, 3600, 'seconds')
    .prefault('5')
    .describe('between samples from the command line, for versions without an endpoint'),
  RINGBUF_BYTES: wholeNumber(0, 2 ** 30, 'bytes')
    .prefault('16777216')
    .describe("the agent's event ring; `0` leaves its default"),
  SOAK_BLOCK_PATH: z.string().optional().meta({
    description: 'another file to deny in the soak; system paths are refused',
    byDefault: "a file of the canary's own",
  }),
  SOAK_NET_WORKLOAD: zeroOrOne.optional().meta({
    description:
      '`0` leaves out connects, sends and binds to a denied port in the soak; with `1` those that cannot be tried here are inconclusive',
    byDefault: 'all that can be tried here',
  }),
  SOAK_NET_RATE: wholeNumber(1, 1000, 'attempts per second')
    .prefault('10')
    .describe('connects, sends and binds per second, all together'),
  SOAK_OPERATIONS: operations.optional().meta({
    description: `comma-separated routes to a denied file in the soak, \`open\` (always) alone for none besides: ${SIDE_OPERATIONS.map((name) => `\`${name}\``).join(', ')}; what is named and cannot be tried here is inconclusive`,
    byDefault: 'all that can be tried here',
  }),
  SOAK_OPERATION_RATE: wholeNumber(1, 100, 'attempts per second')
    .prefault('10')
    .describe('attempts per second by those routes, all together'),
  HEADROOM: zeroOrOne
    .prefault('0')
    .describe(
      '`1` steps the rate up after the enforce soak until events are dropped, and reports the highest clean rate',
    ),
  HEADROOM_MAX_RATE: wholeNumber(1000, 1_000_000, 'opens per second')
    .prefault('50000')
    .describe('opens per second at which the headroom probe ends at the latest'),
  HEADROOM_STEP_SECONDS: wholeNumber(1, 600, 'seconds')
    .prefault('5')
    .describe('length of each of its steps'),
  MANY_RULES: wholeNumber(6, 60_000, 'paths')
    .prefault('10000')
    .describe(
      "paths in the large policy of the coverage phase, with half as many addresses; the agent's own tables limit them",
    ),
  COST_BLOCKS: wholeNumber(1, 1000, 'blocks of each mode')
    .prefault('4')
    .describe(
      'blocks of the cost phase in each mode; with those without the agent four times as many and one, with `AEGIS_BIN_PREVIOUS` six times',
    ),
  COST_BLOCK_MS: wholeNumber(100, 600_000, 'ms of work')
    .prefault('3000')
    .describe(
      'work in each of them, ms; with `AEGIS_BIN_PREVIOUS` the length of its short soak as well',
    ),
  COST_RULES: wholeNumber(2, 10_000, 'rules')
    .prefault('200')
    .describe('rules of the cost phase, half on files, half on addresses'),
  COST_MAX_RATIO: decimal(1, 1000, 'time with the agent / without').optional().meta({
    description:
      'time of a piece of work with the agent / without, at most; when it is set, what this host cannot tell is inconclusive',
    byDefault: '1.05; 1.15 for stat, read, exec and the command',
  }),
  PREVIOUS_MAX_RATIO: decimal(1, 1000, 'candidate / previous version').optional().meta({
    description:
      'any figure of the candidate / that of `AEGIS_BIN_PREVIOUS`, at most; when it is set, what this host cannot tell is inconclusive',
    byDefault:
      '1.05 for open and connects; 1.15 for stat, read, exec and the command; 1.25 for all else',
  }),
  COMPARE_WITH: comparedRuns
    .optional()
    .describe(
      'earlier run directories to compare this run with, the newest or several with commas between',
    ),
  COMPARE_MAX_RATIO: decimal(1, 1000, 'this run / an earlier one').optional().meta({
    description:
      'how much worse any figure may be than in the runs of COMPARE_WITH that are alike; when it is set, a figure that is too noisy to tell is inconclusive',
    byDefault: 'none: differences from 1.25 on are reported, not judged',
  }),
  COST_COMMAND: argumentList
    .optional()
    .describe(
      'your own command to time with the agent and without, as JSON: `["/usr/bin/make","-C","/src"]`',
    ),
  WORKLOAD_COMMAND: argumentList
    .optional()
    .describe(
      'your own program, as JSON, that must work beside the agent through each soak; it is started again whenever it has ended',
    ),
  WORKLOAD_UNIT: z
    .string()
    .max(255, 'expected at most 255 characters')
    .regex(
      /^[A-Za-z0-9:_][A-Za-z0-9:_.\\@-]*\.service$/,
      'expected the name of a service, as `systemctl list-units` has it: postgresql.service',
    )
    .optional()
    .describe(
      'a systemd service of yours, which must be active, and stay so and healthy beside the agent through each soak',
    ),
  WORKLOAD_HEALTH_COMMAND: argumentList
    .optional()
    .describe(
      'how `WORKLOAD_UNIT` is asked whether it is well, as JSON: `["/usr/bin/pg_isready"]`; once a second, exit code 0 within 10 s',
    ),
  DISPOSABLE_HOST: zeroOrOne
    .prefault('0')
    .describe(
      '`1` says that this host is thrown away after the run: rules that deny something to the whole host are tried for seconds',
    ),
  PROBE_DIR: path
    .prefault('/var/tmp')
    .describe('where probe files are made; must be ext4, xfs, f2fs or tmpfs'),
  CANDIDATE_POLICY: path
    .optional()
    .describe(
      'a policy to apply before each soak, on a host without rules of its own; the coverage phase tries some of its rules',
    ),
  AGENT_UNIT: path
    .optional()
    .describe(
      'the systemd unit file that starts the agent in production; `aegisbpf.service` of this host where it is absent. The coverage phase tries the candidate under its limits, and reads its words with those of the `.env` file and the drop-ins (`NAME.service.d/*.conf`) beside it',
    ),
  PRODUCTION_PROFILE: path
    .optional()
    .describe('a profile that `npm run profile` recorded on a production host'),
  ATTEST_PRODUCTION_MATCH: oneLine
    .pipe(attestation)
    .optional()
    .describe('your name and what you compared, in place of a profile'),
  KNOWN_DEFECTS: path
    .optional()
    .describe(
      'a YAML list of accepted findings: `defect`, `acceptedBy`, `reason`, `until: YYYY-MM-DD`',
    ),
  CHANGE_TICKET: oneLine.optional().describe('identifier or URL of the change ticket'),
  SIGNING_KEY: path
    .optional()
    .describe('a private Ed25519 key in PEM, mode 0600, that signs the evidence'),
  ALLOW_UNSIGNED: zeroOrOne
    .prefault('0')
    .describe(
      '`1` allows judging a signed run again without `SIGNING_KEY`: its new seal is unsigned',
    ),
  KNOWN_EVENTS: path
    .optional()
    .describe("a former run's `review.yaml`: verdicts on groups that were judged before"),
  CANARY_RUN: paths
    .optional()
    .describe(
      'a finished run directory to judge again, or several of one candidate with colons between',
    ),
  READY_TIMEOUT_SECONDS: wholeNumber(1, 600, 'seconds')
    .prefault('60')
    .describe('how long the agent may take to become ready'),
  COMMAND_TIMEOUT_SECONDS: wholeNumber(1, 600, 'seconds')
    .prefault('60')
    .describe('how long one command of the agent may take'),
  HOST_ROOT: path.prefault('/').describe('rehearsals only: a folder that stands for the host'),
  STAND_IN_FAULTS: oneLine
    .prefault('')
    .describe('rehearsals only: faults of the stand-in agent, by name'),
  STAND_IN_PREVIOUS_FAULTS: oneLine.optional().meta({
    description:
      'rehearsals only: faults of the stand-in agent as the previous version; `none` for none',
    byDefault: 'those of `STAND_IN_FAULTS`',
  }),
});

export type Knobs = z.output<typeof knobs>;
