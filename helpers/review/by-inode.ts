import { statSync } from 'node:fs';
import { kernelDevice } from '../agent/contract/kernel-device.ts';
import type { RecordedGroup } from './recorded-groups.ts';

/** The entries of a policy's `[deny_path]` sections. */
export function deniedPaths(policy: string): readonly string[] {
  const paths: string[] = [];
  let section = '';
  for (const line of policy.split('\n').map((raw) => raw.trim())) {
    const header = /^\[(\w+)\]$/.exec(line)?.[1];
    if (header !== undefined) section = header;
    else if (section === 'deny_path' && line.startsWith('/')) paths.push(line);
  }
  return paths;
}

function inodeNow(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${kernelDevice(dev)}:${ino}`;
  } catch {
    // On the reviewer's machine the host's files may not be there.
    return undefined;
  }
}

const inodeOf = ({ examples: [example] }: RecordedGroup) =>
  example?.ino === undefined ? undefined : `${example.dev}:${example.ino}`;

/**
 * The policy with a `deny_inode` beside each `deny_path` that a recorded group is about. LSM events
 * carry no path, so `simulate` finds no match for a path rule (docs/agent-contract.md §2.5); what it does
 * find is the inode. Known from the run itself, and from the path as it leads now on this host.
 */
export function policyByInode(policy: string, groups: readonly RecordedGroup[]): string {
  const recorded = new Set(groups.flatMap((group) => inodeOf(group) ?? []));
  const inodes = deniedPaths(policy).flatMap((path) => {
    const seen = groups
      .filter(({ target }) => target === path)
      .flatMap((one) => inodeOf(one) ?? []);
    const now = inodeNow(path);
    return [...seen, ...(now !== undefined && recorded.has(now) ? [now] : [])];
  });
  if (inodes.length === 0) return policy;
  return `${policy.replace(/\n*$/, '\n')}\n[deny_inode]\n${[...new Set(inodes)].join('\n')}\n`;
}
