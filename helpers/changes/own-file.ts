import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmdirSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kernelDevice } from '../agent/contract/events.ts';
import { noEvidence } from '../criteria/judgement.ts';
import type { Journal } from './journal.ts';

/** A file of ours that rules and opens are tried on. */
export interface OwnFile {
  readonly path: string;
  readonly content: string;
  /** Device number as the agent's events carry it: major<<20 | minor (agent-contract.md §4.1). */
  readonly dev: number;
  readonly ino: number;
  readonly stat: { readonly dev: bigint; readonly ino: bigint };
}

/**
 * Filesystems whose st_dev is the device that BPF sees (agent-contract.md §6.4); magic numbers of
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
  const path = mkdtempSync(join(parent, OWN_DIRECTORY_PREFIX));
  const stat = statSync(path, { bigint: true });
  try {
    journal.record({ kind: 'directory', path, dev: String(stat.dev), ino: String(stat.ino) });
  } catch (error) {
    rmdirSync(path);
    throw error;
  }
  return path;
}

export function ownFile(directory: string, name: string): OwnFile {
  const path = join(directory, name);
  const content = `${name} of the AegisBPF staging canary, ${randomUUID()}\n`;
  writeFileSync(path, content, { mode: 0o600, flag: 'wx' });
  return knownFile(path, content);
}

/** Describes a file that is already there. */
export function knownFile(path: string, content: string): OwnFile {
  const stat = statSync(path, { bigint: true });
  return {
    path,
    content,
    dev: kernelDevice(stat.dev),
    ino: Number(stat.ino),
    stat: { dev: stat.dev, ino: stat.ino },
  };
}
