import type { Capabilities } from '../agent/contract/capabilities.ts';
import type { EmergencyStatus } from '../agent/contract/emergency.ts';
import { type Labels, seriesText } from '../agent/contract/exposition.ts';
import type { Health } from '../agent/contract/health.ts';
import type { Metrics } from '../agent/contract/metrics.ts';
import type { RuleList } from '../changes/rules.ts';
import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import { counted } from '../text/counted.ts';

/** A series of the agent's metrics, and what it must be. */
export interface Gauge {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
  /** The value is so many of the table's entries, told as a share of its capacity. */
  readonly isShare?: true;
  /** It may be more. */
  readonly isLeast?: true;
  /** Who else tells it. */
  readonly by: string;
}

/** What one reading told, and the gauges that it must have. */
export interface Reading {
  readonly source: string;
  readonly metrics: Metrics;
  readonly gauges: readonly Gauge[];
}

const CAPACITY = 'aegisbpf_map_capacity';
/** Shares have six decimals (docs/agent-contract.md §3.1). */
const ROUNDED = 1e-6;
const SHOWN = 4;

const gauge = (name: string, value: number, by: string, labels: Labels = {}): Gauge => ({
  ...{ name: `aegisbpf_${name}`, labels, value, by },
});

/** How many entries each table has, by the agent's own lists. */
export function entriesOf(rules: RuleList): Readonly<Record<string, number>> {
  const of = (kind: string, isV6?: boolean) =>
    rules.network
      .flatMap((entry) => (entry.startsWith(`${kind}: `) ? [entry.slice(kind.length + 2)] : []))
      // An address with a port stands in brackets.
      .filter((entry) => isV6 === undefined || isV6 === /^\[|^[^.]*:/.test(entry)).length;
  return {
    deny_inode: rules.files.length,
    allow_cgroup: rules.allowedCgroups.length + Number(rules.agentIsAllowed),
    deny_port: of('ports'),
    ...{ deny_ipv4: of('ips', false), deny_ipv6: of('ips', true) },
    ...{ deny_cidr_v4: of('cidrs', false), deny_cidr_v6: of('cidrs', true) },
    ...{ deny_ip_port_v4: of('ipPorts', false), deny_ip_port_v6: of('ipPorts', true) },
  };
}

/** The gauges of the tables: their sizes, and how full they are. */
export function ofRules(rules: RuleList): readonly Gauge[] {
  const entries = entriesOf(rules);
  const sum = (...maps: readonly string[]) =>
    maps.reduce((all, map) => all + (entries[map] ?? 0), 0);
  const [files, allowed, network] = ['block list', 'allow list', 'network deny list'] as const;
  const lists: Readonly<Record<string, string>> = { deny_inode: files, allow_cgroup: allowed };
  const types = { ip: 'deny_ip', ip_port: 'deny_ip_port_', cidr: 'deny_cidr_' };
  return [
    gauge('deny_inode_entries', sum('deny_inode'), files),
    ...(rules.files.some(({ path }) => path !== undefined)
      ? [{ ...gauge('deny_path_entries', 1, files), isLeast: true as const }]
      : []),
    gauge('allow_cgroup_entries', sum('allow_cgroup'), allowed),
    gauge('net_rules_total', sum('deny_port'), network, { type: 'port' }),
    ...Object.entries(types).map(([type, map]) =>
      gauge('net_rules_total', sum(`${map}v4`, `${map}v6`), network, { type }),
    ),
    ...Object.entries(entries).map(([map, value]) => ({
      ...gauge('map_utilization', value, lists[map] ?? network, { map }),
      isShare: true as const,
    })),
  ];
}

/** What the agent said of itself at its start. */
export function ofPosture(
  { enforce_capable: isCapable, runtime_state: state }: Capabilities,
  metrics: Metrics,
): readonly Gauge[] {
  const by = 'capabilities.json';
  const told = metrics
    .samples('aegisbpf_runtime_state')
    .flatMap(({ labels }) => labels.state ?? []);
  return [
    gauge('capability_report_present', 1, by),
    gauge('capability_contract_valid', 1, by),
    gauge('enforce_capable', Number(isCapable), by),
    ...[...new Set([state, ...told])].map((one) =>
      gauge('runtime_state', Number(one === state), by, { state: one }),
    ),
  ];
}

/** No report names them; one that was called is attached. */
const UNREPORTED = ['ptrace', 'module_load', 'bpf'];

/** Which hooks are attached, as only the running agent tells (docs/agent-contract.md §0.9). */
export function ofHooks({ hooks }: Capabilities, metrics: Metrics): readonly Gauge[] {
  const by = 'capabilities.json';
  const files = Number(hooks.lsm_file_open) + Number(hooks.lsm_inode_permission);
  const attached = {
    socket_connect: hooks.lsm_socket_connect,
    socket_bind: hooks.lsm_socket_bind,
    exec_identity: hooks.lsm_bprm_check_security,
  };
  const called = UNREPORTED.filter((hook) => {
    const calls = metrics.series('aegisbpf_hook_invocations_total', { hook });
    return calls.ok && calls.value > 0;
  });
  return [
    gauge('file_hooks_attached', files, by),
    gauge('file_hooks_expected', files, by),
    ...Object.entries(attached).map(([hook, is]) =>
      gauge('hook_attached', Number(is), by, { hook }),
    ),
    ...called.map((hook) =>
      gauge('hook_attached', 1, `aegisbpf_hook_invocations_total of ${hook}`, { hook }),
    ),
  ];
}

/** The kill switch's past. */
export function ofEmergency(status: EmergencyStatus): readonly Gauge[] {
  const by = 'emergency-status --json';
  const transitions = status.state_present ? status.transitions_total : 0;
  return [
    gauge('emergency_toggle_transitions_total', transitions, by),
    gauge('emergency_toggle_storm_active', Number(status.storm_active), by),
  ];
}

/** Tables of which health tells another number of entries than the lists, in words. */
export function wrongInHealth(health: Health, rules: RuleList): readonly string[] {
  const entries = entriesOf(rules);
  return (health.map_pressure ?? []).flatMap(({ name, entries: told }) => {
    const value = entries[name];
    return value === undefined || value === told
      ? []
      : [
          `\`health --json\` tells ${counted(told, 'entry', 'entries')} of ${name}, and its list has ${value}`,
        ];
  });
}

/** What is wrong with a gauge, in words; nothing where it is right. */
interface Checked {
  readonly missing?: string;
  readonly wrong?: string;
}

function check({ metrics, source }: Reading, { isShare, isLeast, ...known }: Gauge): Checked {
  const { name, labels, value, by } = known;
  const told = metrics.series(name, labels);
  if (!told.ok) return { missing: `${told.error} (${source})` };
  const capacity = isShare ? metrics.series(CAPACITY, labels) : undefined;
  if (capacity?.ok === false) return { missing: `${capacity.error} (${source})` };
  const wanted = capacity === undefined ? value : value / capacity.value;
  const isRight = isLeast
    ? told.value >= wanted
    : Math.abs(told.value - wanted) <= (isShare ? ROUNDED : 0);
  if (isRight) return {};
  const share = capacity === undefined ? '' : ` (${value} of ${capacity.value})`;
  const least = isLeast ? 'at least ' : '';
  return {
    wrong: `${seriesText(name, labels)} is ${told.value} by ${source}, and ${least}${Number(wanted.toFixed(6))}${share} by \`${by}\``,
  };
}

/** @param otherwise what else was told wrongly, in words. @param untold what could not be compared, in words. */
export function judgeGauges(
  readings: readonly Reading[],
  otherwise: readonly string[] = [],
  untold: readonly string[] = [],
): Judgement {
  const checked = readings.flatMap((reading) => reading.gauges.map((one) => check(reading, one)));
  const missing = checked.flatMap((one) => one.missing ?? []);
  const wrong = [...checked.flatMap((one) => one.wrong ?? []), ...otherwise];
  const source = readings.map((one) => one.source).join(', ');
  const measured = { value: wrong.length, limit: 0, unit: 'wrong figures', source };
  const few = (words: readonly string[]) =>
    `${words.slice(0, SHOWN).join('; ')}${words.length > SHOWN ? `; and ${words.length - SHOWN} more` : ''}`;
  if (wrong.length > 0)
    return fail(
      `the agent tells figures that are not so, and alerts rest on them: ${few(wrong)}`,
      measured,
    );
  if (missing.length > 0 || checked.length === 0)
    return inconclusive(
      `nobody knows whether alerts on the agent's gauges can fire: ${few(missing) || 'it told none'}; see whether this version still has them`,
      { source },
    );
  const without = untold.length === 0 ? '' : `; not compared: ${untold.join('; ')}`;
  return pass(`${counted(checked.length, 'gauge')} right${without}`, measured);
}
