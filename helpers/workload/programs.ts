import { spawn } from 'node:child_process';
import type { AttemptCounts } from './attempts.ts';
import { countErrno } from './attempts.ts';

const REFUSED = 'Operation not permitted';
/** `ld.so --verify` says 2 of a file that it mapped and would not start (ld.so(8)). */
const WENT_THROUGH = new Set([0, 2]);

/** Lets an ordinary program touch the target; a signal may end it, and says that it was refused. */
export function runProgram(
  program: string,
  args: readonly string[],
  counts: AttemptCounts,
): Promise<void> {
  counts.attempts += 1;
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      if (said.length < 500) said += chunk.toString('latin1');
    });
    // The program itself is the target, and could not be started.
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
      } else if (said.includes(REFUSED)) counts.eperm += 1;
      else if (code !== null && WENT_THROUGH.has(code)) counts.allowed += 1;
      else countErrno(counts, { code: `exit ${code}` });
      resolve();
    });
  });
}
