import { expect, test } from 'vitest';
import { sample } from '../../fixtures/examples/property-tools.ts';
import { parseCapabilities } from '../agent/contract/capabilities.ts';
import { parseEmergencyStatus } from '../agent/contract/emergency.ts';
import { parseHealth } from '../agent/contract/health.ts';
import { parseMetrics } from '../agent/contract/metrics.ts';
import { NO_RULES, type RuleList } from '../changes/rules.ts';
import {
  entriesOf,
  judgeGauges,
  ofEmergency,
  ofHooks,
  ofPosture,
  ofRules,
  wrongInHealth,
} from './gauges.ts';

const source = 'aegisbpf metrics';
const read = (text: string) => {
  const parsed = parseMetrics(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};
const real = sample('metrics2.prom');
const parsed = parseCapabilities(sample('caps.json'));
if (!parsed.ok) throw new Error(parsed.error);
const capabilities = parsed.value;

const rules: RuleList = {
  ...NO_RULES,
  files: [
    { dev: 1, ino: 2, path: '/a' },
    { dev: 1, ino: 3 },
  ],
  network: [
    ...['ips: 10.1.2.3', 'ips: fd00::1', 'cidrs: 10.0.0.0/8', 'cidrs: fd00::/8'],
    ...['ports: 53 (udp, egress)', 'ipPorts: 10.0.0.1:80:tcp', 'ipPorts: [::1]:80'],
  ],
  allowedCgroups: ['7'],
  agentIsAllowed: true,
};

test('the entries of each table are those of its list, by family', () => {
  expect(entriesOf(rules)).toEqual({
    ...{ deny_inode: 2, allow_cgroup: 2, deny_port: 1, deny_ipv4: 1, deny_ipv6: 1 },
    ...{ deny_cidr_v4: 1, deny_cidr_v6: 1, deny_ip_port_v4: 1, deny_ip_port_v6: 1 },
  });
});

/** Of the rules above, as an agent tells them. */
const metricsOf = (entries: Readonly<Record<string, number>>) =>
  [
    'aegisbpf_deny_inode_entries 2',
    'aegisbpf_deny_path_entries 3',
    'aegisbpf_allow_cgroup_entries 2',
    ...Object.entries({ ip: 2, ip_port: 2, cidr: 2, port: 1 }).map(
      ([type, count]) => `aegisbpf_net_rules_total{type="${type}"} ${count}`,
    ),
    ...Object.entries(entries).flatMap(([map, count]) => [
      `aegisbpf_map_utilization{map="${map}"} ${(count / 4096).toFixed(6)}`,
      `aegisbpf_map_capacity{map="${map}"} 4096`,
    ]),
    '',
  ].join('\n');

test('gauges of the tables that agree with the lists pass; of a share its six decimals are compared', () => {
  const reading = { source, metrics: read(metricsOf(entriesOf(rules))), gauges: ofRules(rules) };
  expect(judgeGauges([reading])).toMatchObject({ verdict: 'pass', explanation: '16 gauges right' });
});

test('a table that is told with one entry less fails, with both figures', () => {
  const metrics = read(metricsOf({ ...entriesOf(rules), deny_ipv6: 0 }));
  expect(judgeGauges([{ source, metrics, gauges: ofRules(rules) }])).toMatchObject({
    verdict: 'fail',
    value: 1,
    explanation:
      'the agent tells figures that are not so, and alerts rest on them: aegisbpf_map_utilization{map="deny_ipv6"} is 0 by aegisbpf metrics, and 0.000244 (1 of 4096) by `network deny list`',
  });
});

test('a gauge that is not told is no pass', () => {
  const text = metricsOf(entriesOf(rules)).replace(
    /^aegisbpf_map_capacity\{map="deny_port.*\n/m,
    '',
  );
  const judged = judgeGauges([{ source, metrics: read(text), gauges: ofRules(rules) }]);
  expect(judged.verdict).toBe('inconclusive');
  expect(judged.explanation).toContain('has no series aegisbpf_map_capacity{map="deny_port"}');
  expect(judgeGauges([]).verdict).toBe('inconclusive');
});

test('the posture of a real agent is that of its report, and another state is a failure', () => {
  const judge = (text: string) => {
    const metrics = read(text);
    return judgeGauges([{ source, metrics, gauges: ofPosture(capabilities, metrics) }]);
  };
  const { runtime_state: state } = capabilities;
  const other = state === 'ENFORCE' ? 'DEGRADED' : 'ENFORCE';
  const told = (one: string) =>
    real
      .replace(/^(aegisbpf_runtime_state\{.*\}) \d/gm, '$1 0')
      .replace(
        `aegisbpf_runtime_state{state="${one}"} 0`,
        `aegisbpf_runtime_state{state="${one}"} 1`,
      );
  expect(judge(told(state)).verdict).toBe('pass');
  expect(judge(told(other))).toMatchObject({ verdict: 'fail', value: 2 });
  const without = told(state).replace(/^.*aegisbpf_runtime_state.*\n/gm, '');
  expect(judge(without).verdict).toBe('inconclusive');
});

test('hooks are attached as the report says, and one that was called is attached', () => {
  const { hooks } = capabilities;
  const text = (bpf: number, files: number) =>
    [
      `aegisbpf_file_hooks_attached ${files}`,
      `aegisbpf_file_hooks_expected ${files}`,
      `aegisbpf_hook_attached{hook="socket_connect"} ${Number(hooks.lsm_socket_connect)}`,
      `aegisbpf_hook_attached{hook="socket_bind"} ${Number(hooks.lsm_socket_bind)}`,
      `aegisbpf_hook_attached{hook="exec_identity"} ${Number(hooks.lsm_bprm_check_security)}`,
      `aegisbpf_hook_attached{hook="bpf"} ${bpf}`,
      'aegisbpf_hook_invocations_total{hook="bpf"} 5',
      '',
    ].join('\n');
  const judge = (bpf: number, files: number) => {
    const metrics = read(text(bpf, files));
    return judgeGauges([{ source, metrics, gauges: ofHooks(capabilities, metrics) }]);
  };
  const files = Number(hooks.lsm_file_open) + Number(hooks.lsm_inode_permission);
  expect(judge(1, files).verdict).toBe('pass');
  expect(judge(0, files).explanation).toContain(
    'is 0 by aegisbpf metrics, and 1 by `aegisbpf_hook_invocations_total of bpf`',
  );
  expect(judge(1, files + 1)).toMatchObject({ verdict: 'fail', value: 2 });
});

test('the kill switch was moved as often as its status says', () => {
  const status = parseEmergencyStatus(
    '{"ok":true,"enabled":false,"kernel_state_known":false,"state_present":false,"storm_active":false}',
  );
  if (!status.ok) throw new Error(status.error);
  const judge = (transitions: number) => {
    const text = `aegisbpf_emergency_toggle_transitions_total ${transitions}\naegisbpf_emergency_toggle_storm_active 0\n`;
    return judgeGauges([{ source, metrics: read(text), gauges: ofEmergency(status.value) }]);
  };
  expect([judge(0).verdict, judge(2).verdict]).toEqual(['pass', 'fail']);
});

test('health tells as many entries as the lists have', () => {
  const health = parseHealth(sample('health0.json'));
  if (!health.ok) throw new Error(health.error);
  const pressure = (entries: number) => ({
    ...health.value,
    map_pressure: [{ name: 'deny_inode', entries, max: 65_536, utilization: 0 }],
  });
  expect(wrongInHealth(pressure(2), rules)).toEqual([]);
  expect(wrongInHealth(pressure(1), rules)).toEqual([
    '`health --json` tells 1 entry of deny_inode, and its list has 2',
  ]);
});
