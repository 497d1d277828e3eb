import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { kernelDevice } from '../agent/contract/kernel-device.ts';
import { type BlockRule, parseDenyDb } from '../agent/contract/rules.ts';

/** Paths of the files that deny rules are on, by `dev:ino` as events carry it. */
export type DeniedFiles = ReadonlyMap<string, string>;

/** True when the path leads to that very inode now; a name may have got another file since. */
function leadsTo(path: string, { dev, ino }: BlockRule): boolean {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat !== undefined && Number(stat.ino) === ino && kernelDevice(stat.dev) === dev;
}

function recorded(denyDb: string): readonly BlockRule[] {
  let text: string;
  try {
    text = readFileSync(denyDb, 'utf8');
  } catch {
    // No rule on a file, or a version that keeps no such file.
    return [];
  }
  const parsed = parseDenyDb(text);
  return parsed.ok ? parsed.value : [];
}

/**
 * The paths behind the inodes of file rules. A decision names an inode only, and `block list` cuts a
 * path at its first blank (docs/agent-contract.md §4.1, §1.4), so each path is looked at: one that does
 * not lead to the inode any more is left out.
 * @param rules as `block list` shows them. @param denyDb the agent's own record, paths in full.
 */
export function deniedFiles(rules: readonly BlockRule[], denyDb: string): DeniedFiles {
  const paths = new Map<string, string>();
  for (const rule of [...rules, ...recorded(denyDb)]) {
    const key = `${rule.dev}:${rule.ino}`;
    if (rule.path === undefined || paths.has(key)) continue;
    try {
      if (leadsTo(rule.path, rule)) paths.set(key, rule.path);
    } catch {
      // A path that cannot be looked at names nothing.
    }
  }
  return paths;
}

/** Ours have a new path in each run, and a verdict on who opens them holds for the next one too. */
export const ownNames = (
  files: readonly { readonly dev: number; readonly ino: number; readonly path: string }[],
) =>
  files.map(
    ({ dev, ino, path }) => [`${dev}:${ino}`, `the canary's file "${basename(path)}"`] as const,
  );
