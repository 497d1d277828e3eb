import { eachLine } from './lines.ts';
import type { Parsed } from './parsed.ts';

/** A deny rule on one inode. */
export interface BlockRule {
  /** Device as major<<20 | minor, see `kernelDevice`. */
  readonly dev?: number;
  readonly ino: number;
  /** As listed: cut at the first blank by the agent itself (docs/agent-contract.md §1.4). */
  readonly path?: string;
}

const INODE = /^(\d{1,10}):(\d{1,20})$/;
/** From the right: a path may itself hold blanks and parentheses. */
const PATH_AND_INODE = /^(\/.*) \((\d{1,10}:\d{1,20})\)$/s;
const DENY_DB = /^(\d{1,10}) (\d{1,20})(?: (\/.*))?$/s;

/**
 * `block list`: a line `<path> (<dev>:<ino>)` or `<dev>:<ino>` an inode (docs/agent-contract.md §1.2).
 * An empty text is no rules: that is how the agent says so.
 */
export function parseBlockList(text: string): Parsed<readonly BlockRule[]> {
  const expected = '`<path> (<dev>:<ino>)` or `<dev>:<ino>` with an inode below 2^53';
  return eachLine(text, 'block list', expected, (line) => {
    const [, path, inode = line] = PATH_AND_INODE.exec(line) ?? [];
    const [, dev = '', ino = ''] = INODE.exec(inode) ?? [];
    return rule(dev, ino, path);
  });
}

/**
 * `/var/lib/aegisbpf/deny.db`: lines `<dev> <ino>[ <path>]`, paths in full (docs/agent-contract.md
 * §1.4). An empty file is no rules.
 */
export function parseDenyDb(text: string): Parsed<readonly BlockRule[]> {
  return eachLine(text, 'deny.db', '`<dev> <ino> <path>` with an inode below 2^53', (line) => {
    const [, dev = '', ino = '', path] = DENY_DB.exec(line) ?? [];
    return rule(dev, ino, path);
  });
}

function rule(devText: string, inoText: string, path: string | undefined): BlockRule | undefined {
  const dev = Number(devText);
  const ino = Number(inoText);
  if (devText === '' || dev > 0xffff_ffff || !Number.isSafeInteger(ino)) return undefined;
  return path === undefined ? { dev, ino } : { dev, ino, path };
}
