/** Exit codes of the tool. A guest command keeps its own code below these. */
export const EXIT = { usage: 2, timeout: 124, noVm: 125, panic: 126 } as const;

/** The VM could not be built, filled or booted: nothing is known about the candidate. */
export class StagingVmError extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number = EXIT.noVm) {
    super(message);
    this.name = 'StagingVmError';
    this.exitCode = exitCode;
  }
}

/** How a VM ended, as seen from outside. */
export interface Traces {
  readonly console: string;
  /** What the guest wrote as its command's exit code; undefined when it never came to that. */
  readonly result: string | undefined;
  /** Which limit ended the VM, when one did. */
  readonly late: 'boot' | 'command' | undefined;
}

export interface Ending {
  readonly exitCode: number;
  readonly words: string;
}

export const JOB_STARTS = 'staging-vm: command starts';
export const SETUP_FAILED = 'staging-vm: guest setup failed';
const PANIC = /Kernel panic - not syncing:?[^\r\n]*/;

/** Tells the endings apart; a panic comes first, since nothing written before it is a result. */
export function endingOf(traces: Traces): Ending {
  const panic = PANIC.exec(traces.console)?.[0];
  const noVm = (words: string) => ({ exitCode: EXIT.noVm, words });
  if (panic !== undefined) {
    // Before the command a panic is a VM that cannot boot: a wrong kernel, not a wrong candidate.
    return traces.console.includes(JOB_STARTS)
      ? { exitCode: EXIT.panic, words: `the guest kernel panicked: ${panic}` }
      : noVm(`the guest kernel panicked while it booted: ${panic}`);
  }
  if (traces.late === 'command')
    return { exitCode: EXIT.timeout, words: 'the time limit ended it' };
  if (traces.late === 'boot') return noVm('the guest did not boot in time');
  if (traces.console.includes(SETUP_FAILED)) return noVm('the --guest-setup script failed');
  if (!/^\d{1,3}$/.test(traces.result ?? '')) return noVm('the VM ended before the command did');
  const code = Number(traces.result);
  if (code < EXIT.timeout) return { exitCode: code, words: `the command exited with ${code}` };
  return { exitCode: 1, words: `the command exited with ${code}, given on as 1` };
}
