import type { Action, RuntimeState } from './vocabulary.ts';

/*
 * The agent's events as they stand on its standard output, keys spelled as there
 * (docs/agent-contract.md §4.1). Further keys may be present.
 */

/** Who acted. 64-bit numbers above 2^53 are rounded here; `exec_id` has start_time in full. */
interface Actor {
  readonly pid: number;
  readonly ppid: number;
  /** ns since boot (clock ticks for processes older than the daemon, §6.8); 0 when unknown. */
  readonly start_time: number;
  readonly exec_id?: string;
  readonly cgid: number;
  readonly cgroup_path: string;
  readonly comm: string;
}

/** What every decision carries besides. */
interface Decision extends Actor {
  readonly parent_start_time: number;
  readonly parent_exec_id?: string;
  readonly action: Action;
}

interface BlockEvent extends Decision {
  readonly type: 'block';
  /** Only without BPF LSM; there `ino` and `dev` are 0. */
  readonly path?: string;
  readonly resolved_path?: string;
  readonly ino: number;
  /** major<<20 | minor; not stat's number, see `kernelDevice`. */
  readonly dev: number;
  /** Equal lines that deduplication held back before this one. */
  readonly suppressed_during_prior_window?: number;
}

interface NetBlockEvent extends Decision {
  readonly type: `net_${string}_block`;
  readonly family: 'ipv4' | 'ipv6';
  readonly protocol: string;
  readonly direction: string;
  readonly remote_ip?: string;
  readonly remote_port?: number;
  readonly local_port?: number;
  readonly rule_type: string;
  readonly suppressed_during_prior_window?: number;
}

interface KernelBlockEvent extends Decision {
  readonly type: `kernel_${string}_block`;
  readonly target_pid?: number;
  readonly rule_type: string;
}

interface ForensicBlockEvent extends Decision {
  readonly type: 'forensic_block';
  readonly ino: number;
  readonly dev: number;
  readonly uid: number;
  readonly gid: number;
  readonly exec_ino: number;
  readonly exec_dev: number;
  readonly exec_stage: number;
  readonly verified_exec: boolean;
  readonly exec_identity_known: boolean;
}

/** A program was started; `comm` is the caller's name, from before the exec. */
export interface ExecEvent extends Actor {
  readonly type: 'exec';
  readonly ancestors?: readonly number[];
}

interface ExecArgvEvent {
  readonly type: 'exec_argv';
  readonly pid: number;
  readonly start_time: number;
  readonly argc: number;
  /** At most 8, each cut at 31 bytes. */
  readonly argv: readonly string[];
}

/** The daemon's posture by its own word; STARTUP_ENFORCE_READY is intent, not readiness (§0.2). */
interface StateChangeEvent {
  readonly type: 'state_change';
  readonly event_version: number;
  readonly state: RuntimeState;
  readonly reason_code: string;
  readonly strict_mode: boolean;
  readonly transition_id: number;
  readonly degradation_count: number;
  readonly detail?: string;
}

/** Any other type: overlay_copy_up, diag, and what newer agents add. */
interface OtherEvent {
  readonly type: 'other';
  readonly agentType: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export type AgentEvent =
  | BlockEvent
  | NetBlockEvent
  | KernelBlockEvent
  | ForensicBlockEvent
  | ExecEvent
  | ExecArgvEvent
  | StateChangeEvent
  | OtherEvent;
