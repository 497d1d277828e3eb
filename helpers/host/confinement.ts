import { readProc } from './processes.ts';

/** How the kernel confines a process, by its main thread (proc_pid_status(5)). */
export interface Confinement {
  /** CapEff: a bit for each capability that it has. */
  readonly capabilities: bigint;
  /** 0 where no filter of system calls is in force. */
  readonly seccomp: number;
}

/** @returns undefined where it is gone, or the kernel does not tell. */
export function confinementOf(pid: number): Confinement | undefined {
  const status = readProc(`/proc/${pid}/status`) ?? '';
  const capabilities = /^CapEff:\s+([\da-f]+)$/m.exec(status)?.[1];
  const seccomp = /^Seccomp:\s+(\d)$/m.exec(status)?.[1];
  return capabilities === undefined || seccomp === undefined
    ? undefined
    : { capabilities: BigInt(`0x${capabilities}`), seccomp: Number(seccomp) };
}
