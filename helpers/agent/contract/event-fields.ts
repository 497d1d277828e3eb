import { quote, valueText } from './parsed.ts';
import { ACTIONS, RUNTIME_STATES } from './vocabulary.ts';

/** A JSON object whose fields have not been looked at. */
export type Fields = Readonly<Record<string, unknown>>;

interface Kind {
  readonly expected: string;
  readonly fits: (value: unknown) => boolean;
}

const uint = (max: number, expected: string): Kind => ({
  expected,
  fits: (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max,
});
const words = (list: readonly string[]): Kind => ({
  expected: list.join(' or '),
  fits: (value) => typeof value === 'string' && list.includes(value),
});

const U16 = uint(0xffff, 'an integer from 0 to 2^16 - 1');
const U32 = uint(0xffff_ffff, 'an integer from 0 to 2^32 - 1');
/** Identities are compared: one that a number cannot hold exactly is refused. */
const EXACT = uint(Number.MAX_SAFE_INTEGER, 'an integer from 0 to 2^53 - 1');
/**
 * Clocks and cgroup ids are 64 bits wide. Nanoseconds pass 2^53 on a host that is up for 104 days, and its
 * events must still count: whoever compares such a number rounds his own alike.
 */
const U64 = uint(2 ** 64, 'an integer from 0 to 2^64 - 1');
const TEXT: Kind = { expected: 'a string', fits: (value) => typeof value === 'string' };
const FLAG: Kind = { expected: 'true or false', fits: (value) => typeof value === 'boolean' };
const TEXTS: Kind = {
  expected: 'an array of strings',
  fits: (value) => Array.isArray(value) && value.every(TEXT.fits),
};
const PIDS: Kind = {
  expected: 'an array of process ids',
  fits: (value) => Array.isArray(value) && value.every(U32.fits),
};

/** Fields of one event type; an optional one is checked where it is there. */
type Shape = readonly (Kind & { readonly name: string; readonly isOptional: boolean })[];

const shape = (required: Record<string, Kind>, optional: Record<string, Kind> = {}): Shape =>
  [required, optional].flatMap((fields) =>
    Object.entries(fields).map(([name, kind]) => ({
      ...kind,
      name,
      isOptional: fields === optional,
    })),
  );

const ACTOR = { pid: U32, ppid: U32, start_time: U64, cgid: U64, cgroup_path: TEXT, comm: TEXT };
const DECISION = { ...ACTOR, parent_start_time: U64, action: words(ACTIONS) };
const ON_FILE = { ...DECISION, ino: EXACT, dev: U32 };
const IDS = { exec_id: TEXT, parent_exec_id: TEXT };
const SUPPRESSED = { suppressed_during_prior_window: EXACT };

const SHAPES = new Map(
  Object.entries({
    block: shape(ON_FILE, { ...IDS, ...SUPPRESSED, path: TEXT, resolved_path: TEXT }),
    forensic_block: shape(
      {
        ...ON_FILE,
        uid: U32,
        gid: U32,
        exec_ino: EXACT,
        exec_dev: U32,
        exec_stage: U32,
        verified_exec: FLAG,
        exec_identity_known: FLAG,
      },
      IDS,
    ),
    exec: shape(ACTOR, { exec_id: TEXT, ancestors: PIDS }),
    exec_argv: shape({ pid: U32, start_time: U64, argc: U32, argv: TEXTS }),
    state_change: shape(
      {
        event_version: EXACT,
        state: words(RUNTIME_STATES),
        reason_code: TEXT,
        strict_mode: FLAG,
        transition_id: EXACT,
        degradation_count: EXACT,
      },
      { detail: TEXT },
    ),
  }),
);
const NET_BLOCK = shape(
  {
    ...DECISION,
    family: words(['ipv4', 'ipv6']),
    protocol: TEXT,
    direction: TEXT,
    rule_type: TEXT,
  },
  { ...IDS, ...SUPPRESSED, remote_ip: TEXT, remote_port: U16, local_port: U16 },
);
const KERNEL_BLOCK = shape({ ...DECISION, rule_type: TEXT }, { ...IDS, target_pid: U32 });

/** The fields of an event type; undefined for a type that has no contract here. */
export function shapeOf(type: string): Shape | undefined {
  const exact = SHAPES.get(type);
  if (exact !== undefined || !type.endsWith('_block')) return exact;
  if (type.startsWith('net_')) return NET_BLOCK;
  return type.startsWith('kernel_') ? KERNEL_BLOCK : undefined;
}

/** The first field that breaks the contract, in words; undefined when all hold. */
export function fieldFault(type: string, shape: Shape, fields: Fields): string | undefined {
  for (const { name, expected, fits, isOptional } of shape) {
    const value = fields[name];
    if (fits(value) || (isOptional && value === undefined)) continue;
    return `expected ${expected}, saw ${valueText(value)} at $.${name} of an event of type ${quote(type)}`;
  }
  return undefined;
}
