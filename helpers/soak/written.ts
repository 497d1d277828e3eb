import { readProc } from '../host/processes.ts';

/** The agent, and how much it has logged so far. */
export interface WritingProcess {
  readonly identity: { readonly pid: number };
  readonly log: { readonly bytes: number };
}

/** Bytes that the agent has logged so far, and had the kernel write to disk (proc_pid_io(5)); undefined once it is gone. */
export function writtenBy({ identity, log }: WritingProcess): number | undefined {
  const io = readProc(`/proc/${identity.pid}/io`);
  const disk = /^write_bytes: (\d+)$/m.exec(io ?? '')?.[1];
  return disk === undefined ? undefined : log.bytes + Number(disk);
}
