import { type Capabilities, NEWER_HOOKS } from '../agent/contract/capabilities.ts';
import type { Version } from '../agent/contract/version.ts';
import { BY_DENIED_NAME } from './table.ts';

/** What this version says of itself before it starts. */
export interface Promises {
  /** Hooks that `probe` names; undefined where it names none at all. */
  readonly probed: readonly string[] | undefined;
  /** Sections of a policy that `policy lint` does not know. */
  readonly unknownSections: readonly string[];
  /** Sections that a version of its number must know. */
  readonly owedSections: readonly string[];
}

/** Of versions from 0.9.0 on (docs/agent-contract.md §9.7). */
const SINCE_0_9: readonly string[] = [
  ...['deny_inode', 'protect_path', 'deny_binary_hash', 'scan_paths'],
  ...['cgroup_deny_inode', 'cgroup_deny_ip', 'cgroup_deny_port'],
];
const BY_NAME_SECTION = 'deny_comm';
/** The stand-in agent can deny none of these. */
const OF_THE_AGENT_ALONE: readonly string[] = [
  ...[BY_NAME_SECTION, 'deny_ptrace', 'deny_module_load', 'deny_bpf'],
  ...['protect_connect', 'allow_binary_hash'],
];

/** A parser that forgets a section takes every rule of that kind away: an older version never had it, a newer one lost it. */
export function owedSections({ version, standIn }: Version): readonly string[] {
  const [major = 0, minor = 0] = /^v?(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [];
  if (major === 0 && minor < 9) return [];
  return standIn ? SINCE_0_9 : [...SINCE_0_9, ...OF_THE_AGENT_ALONE];
}

/** The hook that sees a call on a socket, as the capability report names it (docs/agent-contract.md §2.2). */
const SOCKET_HOOKS: Readonly<Record<string, string>> = {
  connect: 'lsm_socket_connect',
  ...{ send: 'lsm_socket_sendmsg', sendmsg: 'lsm_socket_sendmsg', sendmmsg: 'lsm_socket_sendmsg' },
  bind: 'lsm_socket_bind',
  listen: 'lsm_socket_listen',
  accept: 'lsm_socket_accept',
  receive: 'lsm_socket_recvmsg',
};

const BY_PEER: readonly string[] = ['held-send', 'held-tcp-send', 'held-misnamed-tcp-send'];
const BY_NAME: readonly string[] = [...BY_DENIED_NAME, 'exec-longer-name', 'exec-other-name'];

/** The section that the rule on what a route leads to stands in; undefined where every version has it. */
function sectionOf(route: string): string | undefined {
  if (BY_NAME.includes(route)) return BY_NAME_SECTION;
  if (route.startsWith('number-') || route.startsWith('merged-')) return 'deny_inode';
  if (route.startsWith('hashed-')) return 'deny_binary_hash';
  if (route.startsWith('guarded-')) return 'protect_path';
  if (!route.startsWith('scoped-')) return undefined;
  if (route === 'scoped-read' || route === 'scoped-append') return 'cgroup_deny_inode';
  const isByPort = route.startsWith('scoped-port-') || route === 'scoped-next-connect';
  return isByPort ? 'cgroup_deny_port' : 'cgroup_deny_ip';
}

/** None for routes to a file: a start without any file hook never gets ready. */
function hooksOf(route: string): readonly string[] {
  if (BY_NAME.includes(route)) return ['lsm_bprm_check_security'];
  // A version promises files below overlays with this one, whichever hook sees the open.
  if (route.startsWith('overlay-')) return ['lsm_inode_copy_up'];
  // A feature of the report, by which it says that it denies the copying itself.
  if (route.startsWith('merged-')) return ['overlay_copy_up_propagation'];
  const hook = SOCKET_HOOKS[route.slice(route.lastIndexOf('-') + 1)];
  if (hook === undefined) return [];
  // Of a socket's peer a version that has no hook on receives, which look at nothing else, promises nothing.
  return BY_PEER.includes(route) ? [hook, 'lsm_socket_recvmsg'] : [hook];
}

/**
 * Whether this start of the agent can keep what it promises on a route of the table or of the soak, by the report that it wrote. A hook that neither the
 * report nor `probe` names is none of this version's. Of versions whose `probe` names none, those that lack a newer
 * hook lack all of them; where the report names some, one that is missing was taken out.
 */
export function attachmentOf(
  route: string,
  hooks: Capabilities['hooks'] | Capabilities['features'],
  { probed, unknownSections, owedSections: owed }: Promises,
) {
  const section = sectionOf(route);
  if (section !== undefined && unknownSections.includes(section))
    return {
      state: owed.includes(section) ? 'taken out' : 'not promised',
      what: `[${section}]`,
    } as const;
  const reported: Readonly<Record<string, boolean | undefined>> = hooks;
  const what = hooksOf(route).find((hook) => reported[hook] !== true);
  if (what === undefined) return { state: 'attached' } as const;
  if (reported[what] === false) return { state: 'not attached', what } as const;
  const isKnown =
    probed?.includes(what) ?? NEWER_HOOKS.some((name) => reported[name] !== undefined);
  return { state: isKnown ? 'not named' : 'not promised', what } as const;
}

/** The section of a rule on a route that the one version knows and the other does not. */
export function lostSection(route: string, before: Promises, now: Promises): string | undefined {
  const section = sectionOf(route);
  const isLost =
    section !== undefined &&
    now.unknownSections.includes(section) &&
    !before.unknownSections.includes(section);
  return isLost ? `[${section}]` : undefined;
}
