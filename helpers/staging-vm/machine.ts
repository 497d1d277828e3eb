import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { JOB_STARTS, StagingVmError, type Traces } from './ending.ts';
import { startProgram } from './programs.ts';
import { type Machine, qemuArguments } from './qemu-arguments.ts';

/** Twenty times what a boot takes without KVM on an idle machine. */
const BOOT_LIMIT_SECONDS = 300;
const LOOK_MS = 250;

const consoleOf = (machine: Machine) =>
  existsSync(machine.console) ? readFileSync(machine.console, 'utf8') : '';

/** Runs the VM to its end, its limit or the signal; the command's output goes to standard output. */
export async function runMachine(
  machine: Machine,
  timeoutSeconds: number,
  started: () => void,
  signal: AbortSignal,
): Promise<Omit<Traces, 'result'>> {
  signal.throwIfAborted();
  const qemu = startProgram('qemu-system-x86_64', qemuArguments(machine), {
    stdout: 'inherit',
    stderr: 'pipe',
    cancelSignal: signal,
    killSignal: 'SIGKILL',
  });
  const ended = qemu.then(() => true);
  let late: Traces['late'];
  let running = false;
  let limit = performance.now() + BOOT_LIMIT_SECONDS * 1000;
  while (!(await Promise.race([ended, sleep(LOOK_MS, false)]))) {
    if (!running && consoleOf(machine).includes(JOB_STARTS)) {
      running = true;
      limit = performance.now() + timeoutSeconds * 1000;
      started();
    }
    if (late === undefined && performance.now() > limit) {
      late = running ? 'command' : 'boot';
      qemu.kill('SIGKILL');
    }
  }
  const { exitCode, stderr } = await qemu;
  // On the signal too: what the guest wrote so far is read back before the run is given up.
  if (late === undefined && !signal.aborted && exitCode !== 0)
    throw new StagingVmError(`QEMU failed (${exitCode ?? 'killed'}):\n  ${stderr.slice(-2000)}`);
  return { console: consoleOf(machine), late };
}
