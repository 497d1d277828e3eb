import { ACCOUNTS, UNSIGNED } from './agent-options.ts';
import { quotedKnob } from './cannot-begin.ts';

const OURS = 'the canary sets it for the agent itself';
const LOADED = 'with it the host would run other code than the candidate';
const PLACES =
  'the canary reads, keeps and puts back what the agent has at its usual place, which this moves';
const LIES = 'it makes the agent see another kernel than the host has';
const UNIT =
  'the unit file alone reads it, for the command line of the agent; the canary sets the mode, and AGENT_OPTIONS has other options';
const DEFAULT_HASH = 'the agent would refuse every policy but one, those of the canary among them';
const DEGRADED =
  'the canary sets it where it tries it: rollback.strict-degrade and rollback.enforce-gate';

/** Variables that AGENT_ENVIRONMENT cannot have (docs/agent-contract.md §7), and why. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [/^(PATH|HOME|LC_ALL|CANARY_\w*|AEGIS_OTEL_SPANS|AEGIS_METRICS_ADDR)$/, OURS],
  [/^_STDBUF_\w*$/, OURS],
  [/^STAND_IN_\w*$/, 'set the knob; it is one of rehearsals'],
  [/^AEGIS_BPF_OBJ(_HASH_PATH)?$/, 'set the knob of this name'],
  [/^(LD_\w+|GCONV_PATH|NODE_OPTIONS)$/, LOADED],
  [/^AEGIS_EVENT_DEDUP_\w+$/, ACCOUNTS],
  [/^AEGIS_(ALLOW_UNSIGNED_BPF|SKIP_BPF_VERIFY)$/, UNSIGNED],
  [/^AEGIS_ENFORCE_GATE_MODE$/, DEGRADED],
  [
    /^AEGIS_ENFORCE_PIN_LINKS$/,
    'the agent would go on denying after its end, and nothing of its own undoes that (docs/agent-contract.md §5.3)',
  ],
  [/^AEGIS_PIN_ROOT$/, PLACES],
  [/^AEGIS_(POLICY_APPLIED\w*|CAPABILITIES_REPORT|CONTROL_(STATE|LOG|LOCK))_PATH$/, PLACES],
  [/^AEGIS_(KEYS_DIR|VERSION_COUNTER_PATH)$/, 'the canary sets it where it tries signed policies'],
  [/^AEGIS_POLICY_SHA256(_FILE)?$/, DEFAULT_HASH],
  [
    /^AEGIS_(LSM|CGROUP_CONTROLLERS|BTF_VMLINUX|BPFFS|IMA_DIR|IMA_POLICY|LANDLOCK_ABI|IPE_DIR|FS_VERITY_SYSCTL|SCHED_EXT|TRACEFS_DEBUG|TRACEFS|UNPRIV_BPF_DISABLED)_PATH$/,
    LIES,
  ],
  [/^AEGIS_(MODE|ENFORCE_SIGNAL|ALLOW_SIGKILL|LOG|POLICY|REQUIRE_SIGNATURE|SMOKE_TEST)$/, UNIT],
];

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The name and the value of `NAME=value`. */
export function variableOf(text: string): readonly [name: string, value: string] {
  const [name = '', ...value] = text.split('=');
  return [name, value.join('=')];
}

/** Why the agent cannot be given this variable by AGENT_ENVIRONMENT; undefined when it can. */
function refusedVariable(text: string): string | undefined {
  const quoted = quotedKnob(text);
  const [name] = variableOf(text);
  if (!text.includes('=') || !NAME.test(name))
    return `${quoted} is no variable; write its name and its value as one text, as "AEGIS_NODE_NAME=db-7"`;
  if (/\p{Cc}/u.test(text)) return `${quoted} has a control character`;
  const why = REFUSED.find(([names]) => names.test(name))?.[1];
  return why === undefined ? undefined : `${name} cannot be used here: ${why}`;
}

/** Everything wrong with variables of production. */
export function refusedVariables(texts: readonly string[]): string[] {
  const names = texts.map((text) => variableOf(text)[0]);
  const twice = new Set(names.filter((name, at) => names.indexOf(name) < at));
  return [
    ...texts.flatMap((text) => refusedVariable(text) ?? []),
    ...[...twice].map((name) => `${quotedKnob(name)} is set twice`),
  ];
}
