import type { Mode } from '../agent/daemon-options.ts';
import type { OwnDecision } from '../agent/stream/event-log.ts';

/** Sections of a policy that deny something to the whole host (docs/agent-contract.md §9.1). */
export const HOST_SECTIONS = ['deny_ptrace', 'deny_module_load', 'deny_bpf'] as const;
export type HostSection = (typeof HOST_SECTIONS)[number];

/** How each is tried. None of it leaves anything behind, whether it is denied or not. */
export const HOST_ATTEMPTS = {
  'ptrace-seize': { section: 'deny_ptrace', words: 'PTRACE_SEIZE of a child' },
  'read-memory': { section: 'deny_ptrace', words: 'process_vm_readv of a child' },
  'module-file': { section: 'deny_module_load', words: 'finit_module of a file that is none' },
  'module-bytes': { section: 'deny_module_load', words: 'init_module of bytes that are none' },
  'bpf-map': { section: 'deny_bpf', words: 'BPF_MAP_CREATE' },
  'bpf-program': { section: 'deny_bpf', words: 'BPF_PROG_LOAD' },
} as const satisfies Record<string, { section: HostSection; words: string }>;
export type HostAttempt = keyof typeof HOST_ATTEMPTS;

export const attemptNames = Object.keys(HOST_ATTEMPTS) as readonly HostAttempt[];

/** What the event lines of a section are called, and how many an attempt may make in audit, where the load goes on. */
const LINES: Readonly<Record<HostSection, { readonly type: string; readonly most: number }>> = {
  deny_ptrace: { type: 'kernel_ptrace_block', most: 1 },
  // The kernel asks once for the file, and once more for want of a signature.
  deny_module_load: { type: 'kernel_module_block', most: 2 },
  deny_bpf: { type: 'kernel_bpf_block', most: 1 },
};

/** What became of an attempt: an errno, or `let through`; and the event lines of its process. */
export interface HostOutcome {
  readonly outcome: string;
  readonly events: readonly Pick<OwnDecision, 'type' | 'action'>[];
}

/** What is wrong with an attempt in a mode, in words; undefined where it is as it must be. */
export function hostProblem(
  name: HostAttempt,
  mode: Mode,
  without: string,
  { outcome, events }: HostOutcome,
): string | undefined {
  const { section, words } = HOST_ATTEMPTS[name];
  const said = `${words} in ${mode} mode`;
  if (mode === 'enforce' && outcome !== 'EPERM')
    return `${said} met no denial (${outcome}), expected EPERM`;
  if (mode === 'audit' && outcome !== without)
    return `${said} ended with ${outcome}, without the rule with ${without}`;
  const { type, most } = LINES[section];
  const limit = mode === 'audit' ? most : 1;
  if (events.length === 0 || events.length > limit)
    return `${said} made ${events.length} event lines of its process, expected 1`;
  const action = mode === 'audit' ? 'AUDIT' : 'BLOCK';
  const other = events.find((event) => event.type !== type || event.action !== action);
  return other && `${said} is told as ${other.type} with action=${other.action}`;
}
