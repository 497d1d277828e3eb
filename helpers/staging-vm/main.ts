/**
 * `npm run staging-vm -- [OPTION]... [-- COMMAND ARG...]`: runs the canary, or the command, in a
 * disposable VM with a BPF-LSM kernel. See helpers/staging-vm/README.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import { giveToCaller } from '../files/give-to-caller.ts';
import { withConfiguration } from '../settings/settings.ts';
import { helpIfAsked } from '../text/usage.ts';
import { chooseAccelerator } from './accelerator.ts';
import { EXIT, StagingVmError } from './ending.ts';
import { guestEnvironment, knobProblems } from './guest-environment.ts';
import { kernelOf } from './kernel.ts';
import { matrixTable } from './matrix.ts';
import { type RunResult, runOnce } from './one-run.ts';
import { readOptions } from './options.ts';
import { say } from './programs.ts';
import { checkRequirements } from './requirements.ts';

const USAGE = `usage: npm run staging-vm -- [OPTION]... [-- COMMAND ARG...]
Runs the canary, or the command, in a disposable VM with a BPF-LSM kernel; helpers/staging-vm/README.md has the options:
  --kernel, --release, --lsm, --append, --memory, --cpus, --disk, --timeout, --cache, --guest-setup, --ssh-port, --ssh-key`;
helpIfAsked(USAGE);

const CANARY = ['node', 'node_modules/vitest/vitest.mjs', 'run', 'canary'] as const;
/** For whoever logs in: until Ctrl-C or --timeout. */
const WAIT = ['sleep', 'infinity'] as const;

const interrupt = new AbortController();
let interruptedBy: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | undefined;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    interruptedBy ??= name;
    interrupt.abort();
  });
}

/** One kernel after the other: two VMs at once would measure each other. */
async function runAll(): Promise<number> {
  const here = process.cwd();
  const problems = knobProblems(process.env, here);
  const options = readOptions(process.argv.slice(2), process.env, problems);
  const environment = withConfiguration(process.env, here);
  checkRequirements();
  const accelerator = await chooseAccelerator(options.accelerator, say, {
    signal: interrupt.signal,
  });
  const guest = guestEnvironment(environment, accelerator);
  const byDefault = options.login === undefined ? CANARY : WAIT;
  const command = options.command.length > 0 ? options.command : byDefault;
  const isRehearsal = guest.rehearsal && command === CANARY;
  if (isRehearsal && accelerator === 'tcg' && !environment.PHASE)
    say('software emulation is slow: rehearsing the audit phase; PHASE=all rehearses all');
  const outDir = resolve(environment.OUT_DIR || 'artifacts/canary');
  const several = options.kernels.length > 1;
  const results: RunResult[] = [];
  for (const [index, kernel] of options.kernels.entries()) {
    const { label } = kernelOf(kernel);
    // Numbered, because two files may have the same name.
    const own = several ? join(outDir, `${index + 1}-${label}`) : outDir;
    const run = { kernel, options, command, guest, accelerator, outDir: own };
    results.push(await ended(runOnce(run, interrupt.signal), label));
  }
  if (several) {
    const table = matrixTable(results);
    const made = mkdirSync(outDir, { recursive: true });
    const page = join(outDir, 'kernel-matrix.md');
    writeFileSync(page, table);
    giveToCaller(made ?? page);
    process.stdout.write(`\n${table}`);
  }
  return Math.max(...results.map(({ exitCode }) => exitCode));
}

/** A kernel that cannot be built or booted is a column of the table, not the end of the others. */
async function ended(run: Promise<RunResult>, kernel: string): Promise<RunResult> {
  try {
    return await run;
  } catch (error) {
    if (interrupt.signal.aborted || !(error instanceof StagingVmError)) throw error;
    say(error.message);
    const [words = ''] = error.message.split('\n');
    return { exitCode: error.exitCode, words, kernel, verdicts: new Map() };
  }
}

try {
  process.exitCode = await runAll();
} catch (error) {
  if (interruptedBy !== undefined) {
    say(`ended by ${interruptedBy}; the VM and its files are removed`);
    process.exitCode = 128 + constants.signals[interruptedBy];
  } else {
    const known = error instanceof StagingVmError;
    process.stderr.write(`staging-vm: ${known ? error.message : (error as Error).stack}\n`);
    process.exitCode = known ? error.exitCode : EXIT.noVm;
  }
}
