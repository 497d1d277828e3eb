import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Where a guest kernel comes from. */
export type Kernel = { readonly label: string } & (
  | { readonly kind: 'package'; readonly name: string }
  | { readonly kind: 'deb'; readonly path: string; readonly sha256: string }
  | { readonly kind: 'image'; readonly path: string; readonly initrd: string | undefined }
);

/** The initrd that belongs to an image: `initrd.img-VERSION` or `initrd.img` in the same folder. */
function initrdBeside(image: string): string | undefined {
  const version = /^[^-]+-(.+)$/.exec(basename(image))?.[1];
  const names = [...(version === undefined ? [] : [`initrd.img-${version}`]), 'initrd.img'];
  return names.map((name) => join(dirname(image), name)).find((path) => existsSync(path));
}

/** `given` is a package name, a kernel's .deb file, or a bootable image. */
export function kernelOf(given: string): Kernel {
  if (!given.includes('/')) return { kind: 'package', label: given, name: given };
  const label = basename(given);
  if (!given.endsWith('.deb'))
    return { kind: 'image', label, path: given, initrd: initrdBeside(given) };
  const sha256 = hash('sha256', readFileSync(given));
  return { kind: 'deb', label, path: given, sha256 };
}
