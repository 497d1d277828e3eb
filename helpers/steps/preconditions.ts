import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputText } from '../agent/command.ts';
import { agentPaths } from '../changes/agent-state.ts';
import { plainFilesystem } from '../changes/own-file.ts';
import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import { replaceable } from '../files/trusted-path.ts';
import { cgroupProblem } from '../host/cgroup-layout.ts';
import {
  activeLsms,
  activeTimers,
  hostPath,
  kernelBtf,
  mountedOn,
  mounts,
  serviceState,
} from '../host/observations.ts';
import { agentInstances, type ProcessInformation } from '../host/processes.ts';
import type { Settings } from '../settings/settings.ts';

/** What the specs of phases 1 to 4 run by absolute path. */
const TOOLS = ['/usr/bin/stdbuf', '/bin/cat'];

/** The word `bpf` in the kernel's list of active LSMs. */
export function bpfLsmIsEnabled(settings: Settings): Judgement {
  const lsms = activeLsms(settings.HOST_ROOT);
  const { source } = lsms;
  const todo =
    'boot the kernel with an lsm= option that ends in ",bpf" (CONFIG_BPF_LSM=y is needed)';
  if (!lsms.known) {
    return inconclusive(
      `the list of active LSMs cannot be read (${lsms.reason}); mount securityfs at /sys/kernel/security, or ${todo}`,
      { source },
    );
  }
  const measured = { value: lsms.value.join(','), limit: 'contains bpf', source };
  return lsms.value.includes('bpf')
    ? pass(`active LSMs: ${lsms.value.join(', ')}`, measured)
    : fail(
        `BPF LSM is not enabled: the active LSMs are ${lsms.value.join(', ')}; ${todo}`,
        measured,
      );
}

/** cgroup v2, bpffs and the kernel's BTF are there: mounted, not merely a folder of that name. */
export function kernelFilesystemsAreMounted(settings: Settings): Judgement {
  const mounted = mounts(settings.HOST_ROOT);
  const { source } = mounted;
  if (!mounted.known)
    return inconclusive(`the mounts cannot be read: ${mounted.reason}`, { source });
  const cgroup = cgroupProblem(mounted.value);
  if (cgroup !== undefined)
    return fail(cgroup.problem, { value: cgroup.layout, limit: 'cgroup v2', source });
  const bpf = mountedOn(mounted.value, '/sys/fs/bpf')?.type ?? 'nothing';
  if (bpf !== 'bpf') {
    return fail(
      `/sys/fs/bpf must be a bpf mount and is ${bpf}; mount it with \`mount -t bpf bpf /sys/fs/bpf\``,
      { value: bpf, limit: 'bpf', source },
    );
  }
  const btf = kernelBtf(settings.HOST_ROOT);
  return btf.known && btf.value
    ? pass('cgroup2 at /sys/fs/cgroup, bpf at /sys/fs/bpf, kernel BTF present')
    : fail(
        `the kernel's type information ${btf.source} is missing; the agent cannot be loaded (CONFIG_DEBUG_INFO_BTF=y)`,
        { source: btf.source },
      );
}

const STOPPED_STATES = ['inactive', 'failed', 'unknown'];

/** `systemctl is-active aegisbpf` says that the service does not run. */
export async function serviceIsNotRunning(settings: Settings): Promise<Judgement> {
  const state = await serviceState(settings.HOST_ROOT);
  const { source } = state;
  const unread = 'the state of the aegisbpf service cannot be read';
  if (!state.known) return inconclusive(`${unread}: ${state.reason}`, { source });
  const measured = { value: state.value, limit: STOPPED_STATES.join(' or '), source };
  return STOPPED_STATES.includes(state.value)
    ? pass(`the aegisbpf service is ${state.value}`, measured)
    : fail(
        `the aegisbpf service is ${state.value}: two agents share one configuration, and the candidate would switch the service's mode for good; \`systemctl stop aegisbpf\` for the time of the canary`,
        measured,
      );
}

/** No process is a daemon of the agent, whatever started it. */
export async function noOtherInstanceRuns(settings: Settings): Promise<Judgement> {
  const { daemons, commands } = agentInstances({ path: settings.AEGIS_BIN });
  const processText = ({ pid, comm, executable }: ProcessInformation) =>
    `pid ${pid} (${outputText(comm)}, ${executable === undefined ? 'unknown executable' : outputText(executable)})`;
  const timers = await activeTimers(settings.HOST_ROOT, 'aegis*');
  const notes = [
    commands.length > 0 &&
      `a command of the agent that ends by itself ran: ${commands.map(processText).join(', ')}`,
    timers.length > 0 &&
      `the timer ${timers.map((name) => outputText(name)).join(', ')} is active and may run the agent beside the canary; \`systemctl stop\` it for the time of the canary if its load must not be in the figures`,
  ];
  const measured = { value: daemons.length, limit: 0, unit: 'instances', source: '/proc' };
  const judgement =
    daemons.length === 0
      ? pass('no process runs the agent', measured)
      : fail(
          `the agent is already running: ${daemons.map(processText).join(', ')}; a second daemon flips the first one's mode for good, stop it first`,
          measured,
        );
  return {
    ...judgement,
    explanation: [judgement.explanation, ...notes].filter(Boolean).join('; '),
  };
}

/** Break-glass forces audit mode whatever is asked (docs/agent-contract.md §5.1). */
export function noBreakGlass(settings: Settings): Judgement {
  const paths = agentPaths(settings.HOST_ROOT).breakGlass;
  const overrides = paths.filter((path) => existsSync(path));
  const cmdline = hostPath(settings.HOST_ROOT, 'proc/cmdline');
  try {
    if (readFileSync(cmdline, 'utf8').split(/\s+/).includes('aegisbpf.break_glass=1'))
      overrides.push(cmdline);
  } catch (error) {
    return inconclusive(`the kernel command line cannot be read: ${(error as Error).message}`, {
      source: cmdline,
    });
  }
  return overrides.length === 0
    ? pass('no break-glass file and no aegisbpf.break_glass=1 on the kernel command line')
    : fail(
        `break-glass is set by ${overrides.join(', ')}: the agent would stay in audit mode; remove it`,
        { value: overrides.join(', '), source: overrides[0] ?? cmdline },
      );
}

/** Rules only match where stat's device number is the kernel's, and the tools are there. */
export function probesCanBeMade(settings: Settings): Judgement {
  const missing = TOOLS.filter((path) => !existsSync(path));
  const [source] = missing;
  if (source !== undefined)
    return fail(`${missing.join(', ')} is missing; install coreutils`, { source });
  const { PROBE_DIR } = settings;
  const filesystem = plainFilesystem(PROBE_DIR);
  const why = replaceable(join(PROBE_DIR, 'probe'));
  if (why !== undefined)
    return fail(
      `others could put a link in the place of a probe file in PROBE_DIR, and the rule would be on what it leads to: ${why}; name another directory`,
      { value: PROBE_DIR, source: 'PROBE_DIR' },
    );
  const measured = { value: filesystem, source: `statfs ${PROBE_DIR}` };
  return pass(`PROBE_DIR=${PROBE_DIR} is on ${filesystem}; stdbuf and cat are there`, measured);
}
