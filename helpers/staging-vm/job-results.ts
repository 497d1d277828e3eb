import { copyFileSync, cpSync, existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from './programs.ts';

/** What is worth keeping of the control folder, beside the console log. */
const KEPT = ['output.log', 'dmesg.log', 'guest-setup.log', 'system-state', 'failed-units.log'];

/** Folders that came back from the guest. */
export interface JobResults {
  readonly out: string;
  readonly control: string;
}

/** e2fsck(8): 0 clean, 1 and 2 repaired: a VM that was ended left its journal to replay. */
const REPAIRED = [0, 1, 2];

/** Reads the job disk without mounting it: what a guest wrote never meets this machine's kernel. */
export async function readJobDisk(disk: string, directory: string): Promise<JobResults> {
  // Evidence comes back after Ctrl-C too, so the run's own signal does not stop this.
  const run = { signal: new AbortController().signal };
  await runProgram('e2fsck', ['-fy', disk], { ...run, allowed: REPAIRED });
  const back = join(directory, 'back');
  mkdirSync(back);
  // Relative to the folder: debugfs would split a path with blanks.
  for (const name of ['out', 'control'])
    await runProgram('debugfs', ['-R', `rdump /${name} .`, disk], { ...run, cwd: back });
  return { out: join(back, 'out'), control: join(back, 'control') };
}

export function commandResult(results: JobResults): string | undefined {
  const path = join(results.control, 'result');
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}

/** Copies the guest's OUT_DIR and the logs about the VM to where the operator wants them. */
export function keepResults(results: JobResults, outDir: string, logs: string): void {
  mkdirSync(outDir, { recursive: true });
  cpSync(results.out, outDir, {
    recursive: true,
    // A link or device that a guest made could lead anywhere on this machine.
    filter: (path) => {
      const entry = lstatSync(path);
      return entry.isFile() || entry.isDirectory();
    },
  });
  for (const name of KEPT) {
    const path = join(results.control, name);
    if (existsSync(path)) copyFileSync(path, join(logs, name));
  }
}
