import { join } from 'node:path';
import { z } from 'zod';
import { entriesBelow } from '../files/entries-below.ts';
import { sha256OfFile } from '../files/sha256.ts';

export const MANIFEST_FILE = 'manifest.json';
export const ATTESTATION_FILE = 'attestation.dsse.json';

/** What the seal itself is made of cannot hold its own hash. */
const SEAL_FILES: readonly string[] = [MANIFEST_FILE, ATTESTATION_FILE];

/** A path inside the run directory: never one that leads out of it. */
const insidePath = z
  .string()
  .min(1)
  .refine(
    (path) =>
      !path.startsWith('/') && path.split('/').every((part) => !['', '.', '..'].includes(part)),
    'expected a path inside the run directory',
  );

/** `manifest.json`: the SHA-256 of every file of a run directory, sorted by path. */
export const manifest = z.object({
  version: z.literal(1),
  sealedAt: z.string(),
  files: z.array(
    z.object({
      path: insidePath,
      sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256'),
    }),
  ),
});

export type Manifest = z.output<typeof manifest>;

/** One thing that is not as it was sealed. */
export interface Difference {
  readonly path: string;
  readonly kind: 'differs' | 'missing' | 'added' | 'not a regular file';
}

interface Entry {
  readonly path: string;
  readonly regular: boolean;
}

const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);

function sealable(root: string): Entry[] {
  return entriesBelow(root)
    .filter(({ path, entry }) => !entry.isDirectory() && !SEAL_FILES.includes(path))
    .map(({ path, entry }) => ({ path, regular: entry.isFile() }))
    .sort(byPath);
}

/**
 * The hashes of a run directory as it is now.
 * @throws Error naming the first link, socket or device: it has no bytes that a hash could hold.
 */
export async function takeManifest(root: string, sealedAt: string): Promise<Manifest> {
  const files: Manifest['files'] = [];
  for (const { path, regular } of sealable(root)) {
    if (!regular) throw new Error(`${path} is not a regular file`);
    files.push({ path, sha256: await sha256OfFile(join(root, path)) });
  }
  return { version: 1, sealedAt, files };
}

/** What is not as the manifest says, by path: changed, missing and added files. */
export async function differencesFrom(sealed: Manifest, root: string): Promise<Difference[]> {
  const now = new Map(sealable(root).map((entry) => [entry.path, entry]));
  const known = new Set(sealed.files.map(({ path }) => path));
  const added = [...now.keys()]
    .filter((path) => !known.has(path))
    .map((path): Difference => ({ path, kind: 'added' }));
  const changed: Difference[] = [];
  for (const { path, sha256 } of sealed.files) {
    const entry = now.get(path);
    if (entry === undefined) changed.push({ path, kind: 'missing' });
    else if (!entry.regular) changed.push({ path, kind: 'not a regular file' });
    else if ((await sha256OfFile(join(root, path))) !== sha256)
      changed.push({ path, kind: 'differs' });
  }
  return [...added, ...changed].sort(byPath);
}
