import { hash } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { entriesBelow } from '../files/entries-below.ts';

/** What one entry of a folder was at one moment; `.` is the folder itself. */
export const folderEntry = z.object({
  name: z.string(),
  kind: z.enum(['file', 'folder', 'link', 'other']),
  mode: z.number().int(),
  uid: z.number().int(),
  gid: z.number().int(),
  /** SHA-256 of a file's bytes, the target of a link; of anything else its inode. */
  content: z.string(),
});

export type FolderEntry = z.output<typeof folderEntry>;

/** The file is what it is, and not what is in it: a pin in bpffs cannot be read. */
export type ContentOf = 'bytes' | 'inode';

function describe(path: string, name: string, content: ContentOf): FolderEntry {
  const stat = lstatSync(path, { bigint: true });
  const kind = stat.isFile()
    ? 'file'
    : stat.isDirectory()
      ? 'folder'
      : stat.isSymbolicLink()
        ? 'link'
        : 'other';
  const contentText = () => {
    if (kind === 'link') return readlinkSync(path);
    if (kind === 'folder') return '';
    if (kind === 'file' && content === 'bytes') return hash('sha256', readFileSync(path));
    return String(stat.ino);
  };
  return {
    name,
    kind,
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    content: contentText(),
  };
}

/** Everything below a folder, and the folder itself, by name; no link in it is followed. Undefined without it. */
export function folderEntries(folder: string, content: ContentOf): FolderEntry[] | undefined {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined;
  const real = realpathSync(folder);
  const names = entriesBelow(real)
    .map(({ path }) => path)
    .sort();
  return ['.', ...names].map((name) => describe(join(real, name), name, content));
}

/** What differs between two moments of a folder, one sentence each. */
export function entryDifferences(
  folder: string,
  before: readonly FolderEntry[],
  now: readonly FolderEntry[],
): string[] {
  const [was, is] = [before, now].map((list) => new Map(list.map((one) => [one.name, one])));
  const names = [...new Set([...before, ...now].map(({ name }) => name))].sort();
  return names.flatMap((name) => {
    const path = join(folder, name);
    const [then, today] = [was?.get(name), is?.get(name)];
    if (then === undefined) return [`${path} was not there before the run`];
    if (today === undefined) return [`${path} is gone`];
    const changed = (['kind', 'mode', 'uid', 'gid', 'content'] as const).filter(
      (what) => then[what] !== today[what],
    );
    if (changed.length === 0) return [];
    const figures = changed.map((what) =>
      what === 'mode'
        ? `mode ${then.mode.toString(8)} → ${today.mode.toString(8)}`
        : what === 'content'
          ? 'content'
          : `${what} ${then[what]} → ${today[what]}`,
    );
    return [`${path} differs from before the run (${figures.join(', ')})`];
  });
}
