import type { Options } from './options.ts';
import type { Bootable } from './root-file-system.ts';

export type Accelerator = 'kvm' | 'tcg';

/** A VM to start. */
export interface Machine extends Pick<Options, 'memoryMb' | 'cpus' | 'lsm' | 'append' | 'login'> {
  readonly accelerator: Accelerator;
  readonly boot: Bootable;
  readonly overlay: string;
  readonly jobDisk: string;
  readonly console: string;
}

/** The guest kernel's command line. */
export function kernelArguments({ accelerator, lsm, append }: Machine): string {
  return [
    'root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet systemd.show_status=0 fsck.mode=skip',
    'systemd.unit=multi-user.target',
    // At once, so that with -no-reboot a panic ends QEMU.
    'panic=-1',
    // A guest whose kernel hangs for two minutes ends as well, and its console tells where it hung.
    'softlockup_panic=1 watchdog_thresh=60',
    // Emulated clocks are slow to read; the emulated time stamp counter is not (3.6 times faster).
    ...(accelerator === 'tcg' ? ['tsc=reliable clocksource=tsc'] : []),
    ...(lsm === '' ? [] : [`lsm=${lsm}`]),
    ...(append === '' ? [] : [append]),
  ].join(' ');
}

/** Without protection keys, which V8 would switch at every change of compiled code: slow when emulated. */
const CPUS = { kvm: 'max', tcg: 'max,pku=off' } as const;
const ACCELERATORS = { kvm: 'kvm', tcg: 'tcg,thread=multi,tb-size=256' } as const;

/** Options that the probe for KVM and the real start share. */
function accelerationArguments(accelerator: Accelerator): string[] {
  const accel = ['-accel', ACCELERATORS[accelerator], '-machine', 'pc', '-cpu', CPUS[accelerator]];
  return [...accel, '-nodefaults', '-no-user-config', '-display', 'none'];
}

/** A guest of its firmware alone, which prints on the serial line when there is no screen, which is our stdout. */
export function firmwareArguments(accelerator: Accelerator): string[] {
  const acceleration = accelerationArguments(accelerator);
  return [...acceleration, '-machine', 'graphics=off', '-no-reboot', '-serial', 'stdio'];
}

/** A path inside QEMU's comma-separated options: a comma is doubled. */
const optionPath = (path: string) => path.replaceAll(',', ',,');

/** None; or with a login a network that ends at this machine's loopback (`restrict`). */
const network = ({ login }: Machine): string =>
  login === undefined
    ? 'none'
    : `user,model=virtio-net-pci,restrict=on,hostfwd=tcp:127.0.0.1:${login.port}-:22`;

/** The guest's first serial line is its console, the second the command's output on our stdout. */
export function qemuArguments(machine: Machine): string[] {
  const { boot } = machine;
  // Nothing of a run outlives it, so no write has to reach this machine's disk.
  const drive = (file: string, format: string) =>
    `file=${optionPath(file)},if=virtio,format=${format},cache=unsafe`;
  return [
    ...accelerationArguments(machine.accelerator),
    ...['-m', String(machine.memoryMb), '-smp', String(machine.cpus)],
    ...['-no-reboot', '-nic', network(machine), '-device', 'virtio-rng-pci'],
    ...['-kernel', boot.kernel, ...(boot.initrd === undefined ? [] : ['-initrd', boot.initrd])],
    ...['-append', kernelArguments(machine)],
    ...['-drive', drive(machine.overlay, 'qcow2'), '-drive', drive(machine.jobDisk, 'raw')],
    ...['-serial', `file:${machine.console}`],
    ...['-chardev', 'stdio,id=output,signal=off', '-serial', 'chardev:output'],
  ];
}
