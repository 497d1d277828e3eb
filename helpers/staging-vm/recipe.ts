import { hash } from 'node:crypto';
import type { Kernel } from './kernel.ts';

/** Everything that decides what is in a root file system. */
export interface Recipe {
  readonly release: string;
  readonly packages: readonly string[];
  /** The kernel's .deb by its content; a package is in `packages`, an image is not in the root. */
  readonly kernelDeb: string | undefined;
  readonly files: Readonly<Record<string, string>>;
  /** For a guest that is logged in to. */
  readonly login?: true;
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

/** What a guest has besides that can be logged in to: a network to this machine alone, sshd, and what Ansible asks for. */
const LOGIN_PACKAGES = ['openssh-server', 'sudo', 'python3', 'zstd'];
/** Whom a guest lets in besides root; it may become root. */
export const LOGIN_USER = 'staging';
const LOGIN_FILES: Readonly<Record<string, string>> = {
  // QEMU's own network: the guest's address and this machine's in it.
  'etc/systemd/network/eth0.network':
    '[Match]\nName=eth0\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n',
  'etc/ssh/sshd_config.d/staging-vm.conf':
    'AuthorizedKeysFile /job/control/authorized_keys\nPasswordAuthentication no\nUseDNS no\n',
  [`etc/sudoers.d/${LOGIN_USER}`]: `${LOGIN_USER} ALL=(ALL) NOPASSWD: ALL\n`,
};

export function recipeOf(release: string, kernel: Kernel, login = false): Recipe {
  const kernelPackage = kernel.kind === 'package' ? [kernel.name] : [];
  return {
    release,
    packages: [...packagesOf(release), ...(login ? LOGIN_PACKAGES : []), ...kernelPackage],
    kernelDeb: kernel.kind === 'deb' ? kernel.sha256 : undefined,
    files: { ...FILES, ...(login ? LOGIN_FILES : {}) },
    ...(login ? { login } : {}),
  };
}

/** The name under which what this recipe makes is kept. */
export function keyOf(recipe: Recipe): string {
  const content = JSON.stringify({ ...recipe, masked: MASKED_UNITS, size: ROOT_SIZE });
  return hash('sha256', content).slice(0, 20);
}
