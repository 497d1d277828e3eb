import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { GUEST, type GuestEnvironment } from './guest-environment.ts';
import type { Options } from './options.ts';
import { type RunProgram, runProgram } from './programs.ts';

const PROJECT = join(import.meta.dirname, '../..');
const GUEST_JOB = join(import.meta.dirname, 'guest-job.sh');
/** Not the project's: history, evidence of earlier runs, and what is carried on its own. */
const LEFT_OUT = new Set(['.git', 'artifacts', 'node_modules']);

/** One word of a POSIX shell command: everything but the single quote is literal in single quotes. */
function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The script that runs the command in the guest with exactly this environment. */
export function commandScript(
  directory: string,
  environment: Readonly<Record<string, string>>,
  command: readonly string[],
): string {
  const words = [
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    ...command,
  ];
  return `cd ${shellWord(directory)} || exit 127\nexec env -i ${words.map(shellWord).join(' ')}\n`;
}

/** What one run brings into the guest. */
export interface Job extends Pick<Options, 'guestSetup' | 'freeDiskMb' | 'login'> {
  readonly guest: GuestEnvironment;
  readonly command: readonly string[];
}

/** Files of the project as they are now, changed or not; without git, all but what is left out. */
async function projectFiles(run: RunProgram): Promise<string[]> {
  const args = ['-c', 'safe.directory=*', 'ls-files', '-z', '-c', '-o', '--exclude-standard'];
  try {
    return (await runProgram('git', args, { ...run, cwd: PROJECT })).split('\0').filter(Boolean);
  } catch {
    run.signal.throwIfAborted();
    return readdirSync(PROJECT).filter((name) => !LEFT_OUT.has(name));
  }
}

/** Hard links when the file system allows it: node_modules is half a gigabyte and only read. */
async function takeModules(to: string, run: RunProgram): Promise<void> {
  // It may be a link to those of another clone, which the guest would not have.
  const from = realpathSync(join(PROJECT, 'node_modules'));
  try {
    await runProgram('cp', ['-al', from, to], run);
  } catch {
    run.signal.throwIfAborted();
    rmSync(to, { recursive: true, force: true });
    await runProgram('cp', ['-a', '--reflink=auto', from, to], run);
  }
}

async function stage(root: string, job: Job, run: RunProgram): Promise<void> {
  for (const name of ['control', 'project', 'carried', 'out'])
    mkdirSync(join(root, name), { recursive: true, mode: 0o755 });
  const project = join(root, 'project');
  for (const name of await projectFiles(run)) {
    // A file that git still lists may be gone from the work tree.
    const from = join(PROJECT, name);
    try {
      cpSync(from, join(project, name), { recursive: true, verbatimSymlinks: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  await takeModules(join(project, 'node_modules'), run);
  for (const { from, to } of job.guest.files) {
    const target = join(root, 'carried', to);
    mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
    copyFileSync(from, target);
  }
  const control = join(root, 'control');
  copyFileSync(GUEST_JOB, join(control, 'guest-job.sh'));
  const script = commandScript(GUEST.project, job.guest.variables, job.command);
  writeFileSync(join(control, 'command.sh'), script);
  if (job.login !== undefined) {
    const keys = join(control, 'authorized_keys');
    copyFileSync(job.login.keys, keys);
    chmodSync(keys, 0o644);
  }
  if (job.guestSetup !== undefined) copyFileSync(job.guestSetup, join(control, 'guest-setup'));
  chmodSync(root, 0o755);
}

async function sizeOf(root: string, run: RunProgram): Promise<{ mb: number; files: number }> {
  const count = async (flag: string) =>
    Number.parseInt(await runProgram('du', ['-s', ...flag.split(' '), root], run), 10);
  return { mb: Math.ceil((await count('-k')) / 1024), files: await count('--inodes') };
}

/** Makes the job disk in the run's private folder and returns its path. */
export async function makeJobDisk(directory: string, job: Job, run: RunProgram): Promise<string> {
  const root = join(directory, 'job');
  await stage(root, job, run);
  const { mb, files } = await sizeOf(root, run);
  const disk = join(directory, 'job.raw');
  const size = `${Math.ceil(mb * 1.1) + 128 + job.freeDiskMb}M`;
  const inodes = String(files * 2 + 50_000);
  const args = ['-q', '-F', '-t', 'ext4', '-m', '0', '-N', inodes, '-d', root, disk, size];
  await runProgram('mke2fs', args, run);
  rmSync(root, { recursive: true, force: true });
  return disk;
}
