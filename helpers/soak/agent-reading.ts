import { agentPaths } from '../changes/agent-state.ts';
import { folderKb } from '../host/folder-size.ts';
import { type LockedMemory, lockedMemory } from '../host/locked-memory.ts';
import {
  type ProcessInformation,
  type ProcessResources,
  processResources,
} from '../host/processes.ts';
import { type WritingProcess, writtenBy } from './written.ts';

/** What was read of the agent at one moment. Each figure stands by itself: one that could not be read is undefined. */
export type AgentReading = ProcessResources & {
  readonly childProcesses: number;
  readonly locked: LockedMemory | undefined;
  /** Bytes that it has logged and had written to disk so far. */
  readonly writtenBytes: number | undefined;
  /** Size of its own files. */
  readonly filesKb: number | undefined;
};

/** @param processes of the host, at this moment. */
export function readAgent(
  daemon: WritingProcess,
  hostRoot: string,
  processes: readonly ProcessInformation[],
): AgentReading {
  const { pid } = daemon.identity;
  return {
    ...processResources(pid),
    childProcesses: processes.filter(({ parentPid }) => parentPid === pid).length,
    locked: lockedMemory(pid),
    writtenBytes: writtenBy(daemon),
    filesKb: folderKb(agentPaths(hostRoot).dataDirectory),
  };
}
