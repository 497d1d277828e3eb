import { eachLine } from './lines.ts';
import { accepted, type Parsed, quote, refused } from './parsed.ts';

export { parseNetworkDenyList } from './network-rules.ts';

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

/**
 * `allow list`: one cgroup id a line (docs/agent-contract.md §1.2), kept as decimal text because ids
 * are 64 bits wide. An empty text is no entries.
 */
export function parseAllowList(text: string): Parsed<readonly string[]> {
  return eachLine(text, 'allow list', 'a cgroup id', (line) =>
    /^\d{1,20}$/.test(line) ? line : undefined,
  );
}

/** `policy show`: the recorded policy and its recorded hash, which may not belong together (docs/agent-contract.md §6.5). */
export interface AppliedPolicy {
  /** SHA-256 as 64 lower-case hex digits; absent when the agent has no hash on record. */
  readonly appliedSha256?: string;
  readonly text: string;
}

const HASH_LABEL = '# applied_sha256:';

/** Reads `policy show` (docs/agent-contract.md §1.5). */
export function parsePolicyShow(text: string): Parsed<AppliedPolicy> {
  const end = text.indexOf('\n');
  const first = end === -1 ? text : text.slice(0, end);
  const labelled = first.startsWith(HASH_LABEL);
  const policy = labelled ? text.slice(first.length + 1) : text;
  const hash = labelled ? first.slice(HASH_LABEL.length).trim().toLowerCase() : undefined;
  if (hash !== undefined && !/^[0-9a-f]{64}$/.test(hash)) {
    return refused(`policy show: expected 64 hex digits, saw ${quote(first)} at line 1`);
  }
  if (policy.trim() === '') {
    return refused(
      `policy show: expected the text of a policy, saw ${quote(policy)} at line ${labelled ? 2 : 1}`,
    );
  }
  return accepted(hash === undefined ? { text: policy } : { appliedSha256: hash, text: policy });
}
