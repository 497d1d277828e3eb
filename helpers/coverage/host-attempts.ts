import type { Mode } from '../agent/daemon-options.ts';
import type { OwnDecision } from '../agent/stream/event-log.ts';
import { timesLogged } from './judge-lines.ts';

/** Sections of a policy that no later policy takes back (docs/agent-contract.md §6.5). */
export const STICKY_SECTIONS = ['deny_ptrace', 'deny_module_load', 'deny_bpf'] as const;

/** Sections of a policy that deny something to the whole host (docs/agent-contract.md §9.1). */
export const HOST_SECTIONS = [
  ...STICKY_SECTIONS,
  ...(['protect_connect', 'allow_binary_hash'] as const),
] as const;
export type HostSection = (typeof HOST_SECTIONS)[number];

interface HowTried {
  readonly section: HostSection;
  readonly words: string;
  /** The section does not concern it: it passes without a decision. */
  readonly isFree?: true;
}

/** How each is tried. None of it leaves anything behind, whether it is denied or not. */
const HOST_ATTEMPTS = {
  'ptrace-seize': { section: 'deny_ptrace', words: 'PTRACE_SEIZE of a child' },
  'read-memory': { section: 'deny_ptrace', words: 'process_vm_readv of a child' },
  'module-file': { section: 'deny_module_load', words: 'finit_module of a file that is none' },
  'module-bytes': { section: 'deny_module_load', words: 'init_module of bytes that are none' },
  'bpf-map': { section: 'deny_bpf', words: 'BPF_MAP_CREATE' },
  'bpf-program': { section: 'deny_bpf', words: 'BPF_PROG_LOAD' },
  'bpf-look': { section: 'deny_bpf', words: 'BPF_BTF_GET_NEXT_ID', isFree: true },
  'connect-tcp': { section: 'protect_connect', words: 'a TCP connect to 127.0.0.1' },
  'connect-udp': { section: 'protect_connect', words: 'a UDP connect to ::1' },
  'connect-unix': {
    ...{ section: 'protect_connect', words: 'a connect to a Unix socket', isFree: true },
  },
  'exec-unlisted': {
    ...{ section: 'allow_binary_hash', words: 'the start of a program that is not on the list' },
  },
  'exec-listed': {
    ...{ section: 'allow_binary_hash', words: 'the start of one that is on it', isFree: true },
  },
} as const satisfies Record<string, HowTried>;
export type HostAttempt = keyof typeof HOST_ATTEMPTS;

export const attemptNames = Object.keys(HOST_ATTEMPTS) as readonly HostAttempt[];
export const howTried = (name: HostAttempt): HowTried => HOST_ATTEMPTS[name];

/** What a process that makes an attempt is told. */
export interface HostOrder {
  readonly name: HostAttempt;
  /** Paths of programs of ours. */
  readonly programs: { readonly listed: string; readonly unlisted: string };
}

interface ToldAs {
  readonly type: string;
  /** As connects tell it; other lines name no rule that is compared. */
  readonly rule?: string;
  /** So many lines an attempt may make in audit, where it goes on. */
  readonly most: number;
}

/** What the event lines of a section are called. */
const LINES: Readonly<Record<HostSection, ToldAs>> = {
  deny_ptrace: { type: 'kernel_ptrace_block', most: 1 },
  // The kernel asks once for the file, and once more for want of a signature.
  deny_module_load: { type: 'kernel_module_block', most: 2 },
  deny_bpf: { type: 'kernel_bpf_block', most: 1 },
  protect_connect: { type: 'net_connect_block', rule: 'identity', most: 1 },
  allow_binary_hash: { type: 'block', most: 1 },
};

type HostEvent = Pick<OwnDecision, 'type' | 'action'> & { readonly rule_type?: string };

/** What became of an attempt: an errno, or `let through`; and the event lines of its process. */
export interface HostOutcome {
  readonly outcome: string;
  readonly events: readonly HostEvent[];
}

/** What is wrong with an attempt in a mode, in words; undefined where it is as it must be. */
export function hostProblem(
  name: HostAttempt,
  mode: Mode,
  without: string,
  { outcome, events }: HostOutcome,
): string | undefined {
  const { section, words, isFree = false } = howTried(name);
  const said = `${words} in ${mode} mode`;
  if (mode === 'enforce' && !isFree && outcome !== 'EPERM')
    return `${said} met no denial (${outcome}), expected EPERM`;
  if ((mode === 'audit' || isFree) && outcome !== without)
    return `${said} ended with ${outcome}, without the rule with ${without}`;
  const { type, rule, most } = LINES[section];
  const least = isFree ? 0 : 1;
  const limit = mode === 'audit' && !isFree ? most : least;
  if (events.length < least || events.length > limit)
    return `${said} ${timesLogged(events.length, limit)}`;
  const action = mode === 'audit' ? 'AUDIT' : 'BLOCK';
  const isWrong = (event: HostEvent) =>
    event.type !== type ||
    event.action !== action ||
    (rule !== undefined && event.rule_type !== rule);
  const other = events.find(isWrong);
  if (other === undefined) return undefined;
  const ofRule = rule === undefined ? '' : ` of rule ${other.rule_type}`;
  return `${said} is told as ${other.type}${ofRule} with action=${other.action}`;
}
