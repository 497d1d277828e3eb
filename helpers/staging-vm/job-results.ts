import {
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { giveToCaller } from '../files/give-to-caller.ts';
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

/** More than a number or a word would not be our script's. */
const MAX_RESULT_BYTES = 1024;

/** A file that came back as such: a link or device of the guest could lead anywhere on this machine. */
function cameBack(results: JobResults, name: string): { path: string; bytes: number } | undefined {
  const path = join(results.control, name);
  if (!lstatSync(results.control, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const entry = lstatSync(path, { throwIfNoEntry: false });
  return entry?.isFile() === true ? { path, bytes: entry.size } : undefined;
}

export function commandResult(results: JobResults): string | undefined {
  const file = cameBack(results, 'result');
  if (file === undefined || file.bytes > MAX_RESULT_BYTES) return undefined;
  return readFileSync(file.path, 'utf8').trim();
}

/**
 * Copies the guest's OUT_DIR and the logs about the VM to where the operator wants them; under sudo(8) they belong to whoever called it.
 * @param logs folder of the logs. @param made the first folder that was made for them.
 */
export function keepResults(results: JobResults, outDir: string, logs: string, made = logs): void {
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
    const file = cameBack(results, name);
    if (file !== undefined) copyFileSync(file.path, join(logs, name));
  }
  const kept = lstatSync(results.out).isDirectory() ? readdirSync(results.out) : [];
  const back = kept.map((name) => join(outDir, name)).filter(existsSync);
  for (const path of [made, ...back]) giveToCaller(path);
}
