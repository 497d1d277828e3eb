/** `aegisbpf-canary/workload`: work of a team's own that goes on beside the agent. docs/own-specs.md describes every name. */
export { type OwnWorkload, type WorkCounts, workload } from '../workload/own-workload.ts';
export { type Replay, replay } from '../workload/replay.ts';
