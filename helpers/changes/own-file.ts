import { randomUUID } from 'node:crypto';
import {
  type BigIntStats,
  chmodSync,
  lstatSync,
  mkdtempSync,
  realpathSync,
  rmdirSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { kernelDevice } from '../agent/contract/kernel-device.ts';
import { noEvidence } from '../criteria/judgement.ts';
import { identityOf, type Journal } from './journal.ts';

/** A file of ours that rules and opens are tried on. */
export interface OwnFile {
  readonly path: string;
  readonly content: string;
  /** Device number as the agent's events carry it: major<<20 | minor (docs/agent-contract.md §4.1). */
  readonly dev: number;
  readonly ino: number;
  readonly stat: Pick<BigIntStats, 'dev' | 'ino' | 'mode' | 'uid'>;
}

/** Every file that the section under way described, to tell at any time whether somebody else touched it. */
const described: OwnFile[] = [];

/**
 * Filesystems whose st_dev is the device that BPF sees (docs/agent-contract.md §6.4); magic numbers of
 * statfs(2). On btrfs and overlayfs a rule is accepted, counted and never matches.
 */
const PLAIN_FILESYSTEMS: Readonly<Record<string, string>> = {
  '61267': 'ext4',
  '1481003842': 'xfs',
  '16914836': 'tmpfs',
  '4076150800': 'f2fs',
};

/** Name of the filesystem that holds the directory, when it is a plain one. */
export function plainFilesystem(directory: string): string {
  const { type } = statfsSync(directory, { bigint: true });
  const name = PLAIN_FILESYSTEMS[String(type)];
  if (name !== undefined) return name;
  throw noEvidence(
    `PROBE_DIR=${directory} is on a filesystem (statfs type 0x${type.toString(16)}) where the agent's device numbers may differ from stat's, ` +
      'so a rule there might never match; name a directory on ext4, xfs or tmpfs',
    { value: `0x${type.toString(16)}`, source: `statfs ${directory}` },
  );
}

export const OWN_DIRECTORY_PREFIX = 'aegisbpf-canary-';

/** A private directory for the files of one phase, written into the journal before it is used. */
export function ownDirectory(parent: string, journal: Journal): string {
  return recorded('directory', mkdtempSync(join(parent, OWN_DIRECTORY_PREFIX)), journal);
}

/** What the journal cannot hold is gone again at once. */
export function recorded(kind: 'directory' | 'cgroup', path: string, journal: Journal): string {
  try {
    journal.record({ kind, path, ...identityOf(statSync(path, { bigint: true })) });
  } catch (error) {
    rmdirSync(path);
    throw error;
  }
  return path;
}

/** The names of a file that is opened by its path: as we write it, and with every link on its way followed. */
export const namesOf = ({ path }: Pick<OwnFile, 'path'>): readonly string[] => [
  ...new Set([path, realpathSync(path)]),
];

export function ownFile(directory: string, name: string): OwnFile {
  return written(directory, name, '', 0o600);
}

/** The same as a program, which does nothing, and that anybody may read and start. */
export function ownProgram(directory: string, name: string): OwnFile {
  return written(directory, name, '#!/bin/true\n# ', 0o755);
}

function written(directory: string, name: string, beginning: string, mode: number): OwnFile {
  const path = join(directory, name);
  const content = `${beginning}${name} of the AegisBPF staging canary, ${randomUUID()}\n`;
  writeFileSync(path, content, { mode: 0o600, flag: 'wx' });
  // Not by the umask of whoever runs the canary.
  chmodSync(path, mode);
  return knownFile(path, content);
}

/**
 * Writes a file that the agent is to read, as a policy. Without it the agent refuses what it is asked for, so it is
 * watched like a file that is opened. @returns its path.
 */
export function ownInput(
  directory: string,
  name: string,
  content: string | Uint8Array,
  mode = 0o600,
): string {
  const path = join(directory, name);
  writeFileSync(path, content, { mode: 0o600, flag: 'wx' });
  // Not by the umask of whoever runs the canary.
  chmodSync(path, mode);
  return knownFile(path, '').path;
}

/** Describes a file that is already there. */
export function knownFile(path: string, content: string): OwnFile {
  const { dev, ino, mode, uid } = statSync(path, { bigint: true });
  const file = {
    path,
    content,
    dev: kernelDevice(dev),
    ino: Number(ino),
    stat: { dev, ino, mode, uid },
  };
  described.push(file);
  return file;
}

/** From now on nobody is asked what became of our files so far: another section begins, or this suite takes them away itself. */
export function forgetOwnFiles(): void {
  described.length = 0;
}

/** What somebody did to files that are tried on, in words; this suite and the agent do none of it. */
export function touchedFiles(): string[] {
  return described.flatMap(({ path, stat }) => {
    const now = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (now === undefined) return [`removed ${path}`];
    if (now.dev !== stat.dev || now.ino !== stat.ino) return [`replaced ${path}`];
    const octal = (mode: bigint) => (mode & 0o7777n).toString(8).padStart(4, '0');
    if (now.mode !== stat.mode)
      return [`changed the mode of ${path} from ${octal(stat.mode)} to ${octal(now.mode)}`];
    return now.uid === stat.uid ? [] : [`gave ${path} to user ${now.uid}`];
  });
}
