import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import type { AttemptCounts } from './attempt-counts.ts';
import { countErrno } from './count-errno.ts';

const REFUSED = 'Operation not permitted';

/** The program that ordinary opens are tried with. */
export const ORDINARY_PROGRAM = '/bin/cat';
/** A process's name has 15 bytes (TASK_COMM_LEN, proc_pid_comm(5)). */
export const NAME_CHARACTERS = 15;

/** What an ordinary program that a worker starts is called when it touches the target. */
export const PROGRAM_NAMES: readonly string[] = [basename(ORDINARY_PROGRAM)];

/** Lets an ordinary program touch the target; a signal may end it, and says that it was refused. */
export function runProgram(
  program: string,
  args: readonly string[],
  counts: AttemptCounts,
): Promise<void> {
  counts.attempts += 1;
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      if (complaint.length < 500) complaint += chunk.toString('latin1');
    });
    child.once('error', (error) => {
      countErrno(counts, error);
      resolve();
    });
    child.once('close', (code, signal) => {
      if (child.pid === undefined) return;
      if (signal !== null) {
        counts.signals += 1;
        // A signal comes with the denial: the program never lived to print its error.
        counts.eperm += 1;
      } else if (complaint.includes(REFUSED)) counts.eperm += 1;
      else if (code === 0) counts.allowed += 1;
      else countErrno(counts, { code: `exit ${code}` });
      resolve();
    });
  });
}
