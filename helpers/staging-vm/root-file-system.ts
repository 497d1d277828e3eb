import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { StagingVmError } from './ending.ts';
import type { Kernel } from './kernel.ts';
import { underLock } from './lock.ts';
import type { Options } from './options.ts';
import { type RunProgram, runProgram, say } from './programs.ts';
import { keyOf, LOGIN_USER, MASKED_UNITS, type Recipe, ROOT_SIZE, recipeOf } from './recipe.ts';

/** What QEMU boots. The disk is shared by all runs and never written to. */
export interface Bootable {
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string | undefined;
}

/** A namespace of its own: ending it ends every process and mount that debootstrap left. */
const CONTAINED = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'] as const;

/** Only these of the operator's environment reach the package archive's client. */
function proxies(): Record<string, string> {
  const names = ['http_proxy', 'https_proxy', 'no_proxy'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name] ?? process.env[name.toUpperCase()];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function writeGuestFiles(root: string, recipe: Recipe): void {
  for (const [path, text] of Object.entries(recipe.files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const units = join(root, 'etc/systemd/system');
  for (const unit of MASKED_UNITS) {
    rmSync(join(units, unit), { force: true });
    symlinkSync('/dev/null', join(units, unit));
  }
  mkdirSync(join(units, 'multi-user.target.wants'), { recursive: true });
  symlinkSync('../staging-vm.service', join(units, 'multi-user.target.wants/staging-vm.service'));
}

/** Copies the newest of the root's kernels out, where QEMU finds it. */
function takeKernel(root: string, to: string): void {
  const boot = readdirSync(join(root, 'boot')).sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  );
  for (const [prefix, name] of [
    ['vmlinuz-', 'vmlinuz'],
    ['initrd.img-', 'initrd.img'],
  ] as const) {
    const newest = boot.filter((file) => file.startsWith(prefix)).at(-1);
    if (newest === undefined)
      throw new StagingVmError(`the kernel package put no ${prefix}* into /boot`);
    copyFileSync(join(root, 'boot', newest), join(to, name));
  }
}

async function build(to: string, recipe: Recipe, kernel: Kernel, run: RunProgram): Promise<void> {
  const root = join(to, 'root');
  mkdirSync(root, { recursive: true });
  const include = `--include=${recipe.packages.join(',')}`;
  await runProgram(
    'unshare',
    [...CONTAINED, 'debootstrap', '--variant=minbase', include, recipe.release, root],
    { ...run, environment: proxies() },
  );
  writeGuestFiles(root, recipe);
  const inRoot = (...command: readonly string[]) =>
    runProgram('unshare', [...CONTAINED, 'chroot', root, ...command], run);
  if (recipe.login) {
    await inRoot('useradd', '--create-home', '--shell', '/bin/bash', LOGIN_USER);
    await inRoot('systemctl', 'enable', 'systemd-networkd');
  }
  if (kernel.kind === 'deb') {
    copyFileSync(kernel.path, join(root, 'kernel.deb'));
    await inRoot('dpkg', '--install', '/kernel.deb');
    rmSync(join(root, 'kernel.deb'));
  }
  if (kernel.kind !== 'image') {
    await inRoot('update-initramfs', '-u', '-k', 'all');
    takeKernel(root, to);
  }
  rmSync(join(root, 'var/cache/apt/archives'), { recursive: true, force: true });
  const image = join(to, 'root.raw');
  await runProgram('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', root, image, ROOT_SIZE], run);
  rmSync(root, { recursive: true, force: true });
}

/** The root file system for this release and kernel: from the cache, or built into it. */
export async function rootFileSystem(
  cache: string,
  { release, login }: Pick<Options, 'release' | 'login'>,
  kernel: Kernel,
  signal: AbortSignal,
): Promise<Bootable> {
  const recipe = recipeOf(release, kernel, login !== undefined);
  const key = keyOf(recipe);
  const kept = join(cache, key);
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const waiting = () => say('waiting for another build of the same root file system');
  await underLock(join(cache, `${key}.lock`), signal, waiting, async () => {
    if (existsSync(kept)) return say(`root file system from the cache (${key})`);
    say(`building the root file system (${release}, ${kernel.label}): about a minute`);
    // Complete under its final name or not there: a build that was killed is started over.
    const half = `${kept}.building`;
    rmSync(half, { recursive: true, force: true });
    try {
      await build(half, recipe, kernel, { signal });
      renameSync(half, kept);
    } finally {
      rmSync(half, { recursive: true, force: true });
    }
    say('root file system built');
  });
  const disk = join(kept, 'root.raw');
  return kernel.kind === 'image'
    ? { disk, kernel: kernel.path, initrd: kernel.initrd }
    : { disk, kernel: join(kept, 'vmlinuz'), initrd: join(kept, 'initrd.img') };
}
