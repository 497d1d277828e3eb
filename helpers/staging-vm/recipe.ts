import { hash } from 'node:crypto';
import type { Kernel } from './kernel.ts';

/** Everything that decides what is in a root file system. */
export interface Recipe {
  readonly release: string;
  readonly packages: readonly string[];
  /** The kernel's .deb by its content; a package is in `packages`, an image is not in the root. */
  readonly kernelDeb: string | undefined;
  readonly files: Readonly<Record<string, string>>;
}

/** Starts what the job disk brings, once the guest has booted. */
const UNIT = `[Unit]
Description=Staging VM command
After=multi-user.target
[Service]
Type=exec
ExecStartPre=/bin/mkdir -p /job
ExecStartPre=/bin/mount -o nodelalloc,commit=1 /dev/vdb /job
ExecStart=/bin/sh /job/control/guest-job.sh
StandardOutput=journal
LimitCORE=0
TasksMax=infinity
[Install]
WantedBy=multi-user.target
`;

/** A size that fits any package list; the image is sparse. */
export const ROOT_SIZE = '8G';

/** Files that make a bare Debian a guest. The initrd holds only what QEMU's disks need: it boots faster. */
const FILES: Readonly<Record<string, string>> = {
  'etc/hostname': 'staging-vm\n',
  'etc/fstab': '',
  'etc/hosts': '127.0.0.1 localhost staging-vm\n',
  'etc/systemd/system/staging-vm.service': UNIT,
  'etc/initramfs-tools/conf.d/staging-vm': 'MODULES=list\n',
  'etc/initramfs-tools/modules': 'virtio_pci\nvirtio_blk\nvirtio_rng\next4\n',
};

/** Services that only cost time in a guest that lives for minutes and has no network. */
export const MASKED_UNITS = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  'getty@tty1.service',
  'serial-getty@ttyS0.service',
  'systemd-binfmt.service',
  'systemd-timesyncd.service',
];

/** What the agent and the suite need of Debian, and what a staging host has. */
function packagesOf(release: string): string[] {
  // Debian 13 renamed libelf1 in its move to 64-bit times.
  const libelf = ['bullseye', 'bookworm'].includes(release) ? 'libelf1' : 'libelf1t64';
  const libbpf = release === 'bullseye' ? 'libbpf0' : 'libbpf1';
  const libraries = [libbpf, libelf, 'libstdc++6'];
  const system = ['systemd-sysv', 'dbus', 'kmod', 'procps', 'util-linux', 'iproute2'];
  return [...system, ...libraries, 'linux-base', 'initramfs-tools'];
}

export function recipeOf(release: string, kernel: Kernel): Recipe {
  const kernelPackage = kernel.kind === 'package' ? [kernel.name] : [];
  return {
    release,
    packages: [...packagesOf(release), ...kernelPackage],
    kernelDeb: kernel.kind === 'deb' ? kernel.sha256 : undefined,
    files: FILES,
  };
}

/** The name under which what this recipe makes is kept. */
export function keyOf(recipe: Recipe): string {
  const content = JSON.stringify({ ...recipe, masked: MASKED_UNITS, size: ROOT_SIZE });
  return hash('sha256', content).slice(0, 20);
}
