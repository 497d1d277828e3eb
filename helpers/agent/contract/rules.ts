import { eachLine } from './lines.ts';
import { accepted, type Parsed, quote, refused } from './parsed.ts';

export { type BlockRule, parseBlockList, parseDenyDb } from './file-rules.ts';
export { parseNetworkDenyList } from './network-rules.ts';

/**
 * `allow list`: one cgroup id a line (docs/agent-contract.md §1.2), kept as decimal text because ids
 * are 64 bits wide. An empty text is no entries.
 */
export function parseAllowList(text: string): Parsed<readonly string[]> {
  return eachLine(text, 'allow list', 'a cgroup id', (line) =>
    /^\d{1,20}$/.test(line) ? line : undefined,
  );
}

/** `policy show`: the recorded policy and its recorded hash, which may not belong together (§6.5). */
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
