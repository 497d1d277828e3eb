import { execa } from 'execa';
import { DIES_WITH_US, PROGRAM_ENVIRONMENT } from './programs.ts';
import { type Accelerator, accelerationArguments } from './qemu-arguments.ts';

const PROBE_MS = 10_000;

/**
 * KVM when a stopped VM starts on it, otherwise software emulation. Opening /dev/kvm proves too
 * little: nested and containerised hosts offer one on which QEMU aborts when it sets up a processor.
 */
export async function chooseAccelerator(signal: AbortSignal): Promise<Accelerator> {
  const [program, ...args] = [
    ...DIES_WITH_US,
    'qemu-system-x86_64',
    ...accelerationArguments('kvm'),
    ...['-S', '-monitor', 'stdio'],
  ];
  const probe = await execa(program, args, {
    env: PROGRAM_ENVIRONMENT,
    extendEnv: false,
    input: 'quit\n',
    reject: false,
    cancelSignal: signal,
    timeout: PROBE_MS,
  });
  signal.throwIfAborted();
  return probe.exitCode === 0 ? 'kvm' : 'tcg';
}
