import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { COMPILE_CACHE } from '../files/compile-cache.mjs';
import { isRunning, processIdentity } from '../host/processes.ts';
import { type Ending, endingOf } from './ending.ts';
import type { GuestEnvironment } from './guest-environment.ts';
import { makeJobDisk } from './job-disk.ts';
import { commandResult, keepResults, readJobDisk } from './job-results.ts';
import { kernelOf } from './kernel.ts';
import { runMachine } from './machine.ts';
import type { Options } from './options.ts';
import { type RunProgram, runProgram, say } from './programs.ts';
import type { Accelerator, Machine } from './qemu-arguments.ts';
import { LOGIN_USER } from './recipe.ts';
import { rootFileSystem } from './root-file-system.ts';
import { newestVerdicts, type Verdicts } from './verdicts.ts';

/** One kernel's run. */
export interface Run {
  readonly kernel: string;
  readonly options: Options;
  readonly command: readonly string[];
  readonly guest: GuestEnvironment;
  readonly accelerator: Accelerator;
  readonly outDir: string;
}

export interface RunResult extends Ending {
  readonly kernel: string;
  readonly verdicts: Verdicts;
}

/** `run-PID-STARTTICKS-RANDOM`: names the process that it belongs to, and no later one. */
const NAME = /^run-(\d+)-(\d+)-/;

/** A private folder for one run. It lies in the cache: the disks need room that /tmp may not have. */
export function makeRunFolder(cache: string): string {
  const runs = join(cache, 'runs');
  mkdirSync(runs, { recursive: true, mode: 0o700 });
  removeForsaken(runs);
  const self = processIdentity(process.pid);
  return mkdtempSync(join(runs, `run-${process.pid}-${self?.startTicks ?? 0}-`));
}

/** Removes what runs left that were killed before they could clean up. */
function removeForsaken(runs: string): void {
  for (const name of readdirSync(runs)) {
    const [, pid, startTicks] = NAME.exec(name) ?? [];
    if (pid === undefined || startTicks === undefined) continue;
    if (!isRunning({ pid: Number(pid), startTicks: Number(startTicks) }))
      rmSync(join(runs, name), { recursive: true, force: true });
  }
}

const PROJECT = join(import.meta.dirname, '../..');

/**
 * Starts vitest, the reporters and the specs' process once on this machine, which takes seconds, so that their compiled
 * form is carried in: an emulated processor takes many times as long. No step runs; only their names are listed.
 */
async function compileAhead(run: RunProgram): Promise<void> {
  const vitest = join(PROJECT, 'node_modules/vitest/vitest.mjs');
  await runProgram(process.execPath, [vitest, 'list', 'canary'], {
    ...run,
    cwd: PROJECT,
    environment: { ...COMPILE_CACHE, AEGIS_BIN: join(PROJECT, 'fixtures/stand-in/aegisbpf') },
  });
}

/**
 * Makes a folder for the logs about the VM, beside the run directories and named by the moment.
 * @returns it, and the first folder that had to be made.
 */
function makeLogFolder(outDir: string) {
  const stamp = new Date().toISOString().replaceAll(/[-:]/g, '').slice(0, 15);
  const path = join(outDir, `staging-vm-${stamp}Z-${process.pid}`);
  return { logs: path, made: mkdirSync(path, { recursive: true }) };
}

async function prepare(run: Run, folder: string, signal: AbortSignal) {
  const { options, accelerator } = run;
  const kernel = kernelOf(run.kernel);
  const boot = await rootFileSystem(options.cache, options, kernel, signal);
  const overlay = join(folder, 'root.qcow2');
  const backing = ['-b', boot.disk, '-F', 'raw', overlay];
  await runProgram('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing], { signal });
  const { guestSetup, freeDiskMb, login } = options;
  const job = { guest: run.guest, command: run.command, guestSetup, freeDiskMb, login };
  if (accelerator === 'tcg') await compileAhead({ signal });
  const jobDisk = await makeJobDisk(folder, job, { signal });
  say(
    `booting ${kernel.label} ${accelerator === 'kvm' ? 'on KVM' : 'without KVM (software emulation: expect a slow guest)'}`,
  );
  const { memoryMb, cpus, lsm, append } = options;
  const console = join(folder, 'console.log');
  return { accelerator, memoryMb, cpus, lsm, append, login, boot, overlay, jobDisk, console };
}

const logIn = ({ login }: Options) =>
  login === undefined
    ? ''
    : `; log in with ssh -p ${login.port} root@127.0.0.1, or ${LOGIN_USER}@127.0.0.1, which may sudo`;

async function bringBack(run: Run, machine: Machine, folder: string) {
  const { logs, made } = makeLogFolder(run.outDir);
  // First, so that it is kept even when the guest's disk cannot be read.
  if (existsSync(machine.console)) copyFileSync(machine.console, join(logs, 'console.log'));
  const results = await readJobDisk(machine.jobDisk, folder);
  keepResults(results, run.outDir, logs, made);
  return { result: commandResult(results), verdicts: newestVerdicts(results.out), logs };
}

/** Boots one kernel, runs the command, brings the evidence back and leaves nothing else. */
export async function runOnce(run: Run, signal: AbortSignal): Promise<RunResult> {
  const folder = makeRunFolder(run.options.cache);
  try {
    const machine = await prepare(run, folder, signal);
    const started = () => say(`booted; the command starts${logIn(run.options)}`);
    const running = runMachine(machine, run.options.timeoutSeconds, started, signal);
    // However it ended, what the guest wrote comes back.
    await Promise.allSettled([running]);
    const back = await bringBack(run, machine, folder);
    const traces = await running;
    signal.throwIfAborted();
    if (traces.late === 'boot' && run.accelerator === 'kvm')
      say('if no guest boots on KVM here, --accelerator tcg emulates the processor');
    const ending = endingOf({ ...traces, result: back.result });
    say(`${ending.words}; console log and output in ${back.logs}`);
    return { ...ending, kernel: kernelOf(run.kernel).label, verdicts: back.verdicts };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
