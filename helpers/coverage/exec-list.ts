import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256OfFile } from '../files/sha256.ts';
import type { HostOrder } from './host-attempts.ts';
import { programOfOurs } from './make-site.ts';

/** Where the agent looks for programs without being told (docs/agent-contract.md §9.1). */
const LOOKED_AT = [
  ...['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/bin', '/sbin'],
];

/** A list of the only programs that may start, as a policy has it. */
export interface ExecList {
  readonly sections: Readonly<Record<'allow_binary_hash' | 'scan_paths', readonly string[]>>;
  readonly programs: HostOrder['programs'];
}

/**
 * Makes two programs, one of which is on the list. @param needed programs that are on it as well, and that a run cannot do without.
 * @throws Error where one of them is missing or cannot be read: a list without it would lock the run out.
 */
export async function makeExecList(parent: string, needed: readonly string[]): Promise<ExecList> {
  const directory = join(parent, 'host-programs');
  mkdirSync(directory);
  const make = (name: string) => {
    const path = join(directory, name);
    const content = programOfOurs();
    writeFileSync(path, content, { mode: 0o755 });
    return { path, sha256: createHash('sha256').update(content).digest('hex') };
  };
  const [listed, unlisted] = [make('listed'), make('unlisted')];
  const paths = [...new Set(needed.map((path) => realpathSync(path)))];
  const hashes = await Promise.all(paths.map(sha256OfFile));
  const directories = paths.map(dirname).filter((path) => !LOOKED_AT.includes(path));
  return {
    sections: {
      allow_binary_hash: [listed.sha256, ...hashes].map((hash) => `sha256:${hash}`),
      scan_paths: [directory, ...new Set(directories)],
    },
    programs: { listed: listed.path, unlisted: unlisted.path },
  };
}
