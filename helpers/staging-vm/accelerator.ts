import { setTimeout as sleep } from 'node:timers/promises';
import type { Options } from './options.ts';
import { startProgram } from './programs.ts';
import { type Accelerator, firmwareArguments } from './qemu-arguments.ts';

/** A guest's firmware prints within a second, even when it is emulated. */
const SILENCE_SECONDS = 10;
/** What the firmware of QEMU's `pc` begins with. QEMU itself may write other lines to the same place. */
const FIRMWARE = 'SeaBIOS';

export interface Probe {
  readonly signal: AbortSignal;
  readonly qemu?: string;
  readonly silenceSeconds?: number;
}

/**
 * Starts a guest of nothing but its firmware on KVM and waits for its name on the serial line. That there is a
 * /dev/kvm, or that QEMU accepts it, proves too little: nested and containerised hosts offer one on which QEMU aborts, or on which
 * no guest ever runs.
 * @returns why no guest runs on KVM, or undefined when one does.
 */
async function whyNotKvm(probe: Probe): Promise<string | undefined> {
  const { signal, qemu = 'qemu-system-x86_64', silenceSeconds = SILENCE_SECONDS } = probe;
  const seen = new AbortController();
  const guest = startProgram(qemu, firmwareArguments('kvm'), {
    cancelSignal: AbortSignal.any([signal, seen.signal]),
    killSignal: 'SIGKILL',
  });
  let printed = '';
  const firmware = new Promise<'firmware'>((resolve) =>
    guest.stdout.on('data', (chunk) => {
      printed += chunk;
      if (printed.includes(FIRMWARE)) resolve('firmware');
    }),
  );
  const silence = sleep(silenceSeconds * 1000, 'silence' as const, { signal: seen.signal });
  const first = await Promise.race([firmware, silence, guest]);
  silence.catch(() => {});
  seen.abort();
  await guest;
  signal.throwIfAborted();
  if (first === 'firmware') return undefined;
  if (first === 'silence')
    return `a guest on it printed nothing on its serial line within ${silenceSeconds} s`;
  const [words = ''] = first.stderr.trim().split('\n');
  return `QEMU ended before a guest printed anything: ${words || first.shortMessage}`;
}

/** KVM when a guest really runs on it, otherwise software emulation; or what was asked for, untried. */
export async function chooseAccelerator(
  asked: Options['accelerator'],
  say: (words: string) => void,
  probe: Probe,
): Promise<Accelerator> {
  if (asked !== 'auto') return asked;
  const why = await whyNotKvm(probe);
  if (why === undefined) return 'kvm';
  say(`KVM is not used: ${why}. Emulating in software; --accelerator kvm insists on KVM`);
  return 'tcg';
}
