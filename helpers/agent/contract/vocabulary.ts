/** Closed word lists of the agent; a word outside them is refused, for no check would know it. */

/** What the agent did about an access (docs/agent-contract.md §4.2). */
export const ACTIONS = ['AUDIT', 'BLOCK', 'TERM', 'INT', 'KILL'] as const;
export type Action = (typeof ACTIONS)[number];

/** Posture of the daemon (docs/agent-contract.md §2.2, §5.2). */
export const RUNTIME_STATES = ['ENFORCE', 'ENFORCE_SIGNAL', 'AUDIT_FALLBACK', 'DEGRADED'] as const;
export type RuntimeState = (typeof RUNTIME_STATES)[number];

/** What the kernel allows the agent to do (docs/agent-contract.md §2.1). */
export const KERNEL_CAPABILITIES = ['Full', 'AuditOnly', 'Disabled', 'Unknown'] as const;

/** Signal sent to whoever is denied, as the log names it (docs/agent-contract.md §5.1). */
export const SIGNALS = ['sigterm', 'sigint', 'sigkill', 'none'] as const;
