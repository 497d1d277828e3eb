import { createHash, hash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { knownFile, ownInput } from '../../changes/own-file.ts';
import { readRegularFile } from '../../files/regular-file.ts';
import type { RefusedPolicy } from '../../settings/known-defects.ts';
import { policyText } from '../phases/candidate-policy.ts';
import type { SignedPolicies } from './signed-policies.ts';
import type { Prepared } from './stage.ts';

/** A policy that must be refused. */
export interface RefusedCase {
  readonly name: RefusedPolicy;
  /** What stands behind `policy apply`. */
  readonly args: readonly string[];
  /** Besides the agent's own. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** One more than any table of the agent holds (65,536 inodes, docs/agent-contract.md §2.1). */
const TOO_MANY_RULES = 70_000;
const GARBAGE_BYTES = 4096;

/** Bytes that are the same in every run, and no text in any encoding. */
function garbage(): Buffer {
  const blocks = Array.from({ length: GARBAGE_BYTES / 32 }, (_, index) =>
    createHash('sha256').update(`garbage ${index}`).digest(),
  );
  return Buffer.concat([Buffer.from([0, 0xff, 0xfe]), ...blocks]);
}

/** Rules on device 0, which no file ever has: should the agent accept them, they deny nothing. */
const tooManyRules = () =>
  `version=1\n\n[deny_inode]\n${Array.from({ length: TOO_MANY_RULES }, (_, index) => `0:${index + 1}`).join('\n')}\n`;

/**
 * Policies as they go wrong in practice. Each but the garbage would also deny the file that the
 * drill's service needs, so that an agent that accepts one is seen doing it.
 */
export function refusedCases(
  prepared: Prepared,
  { byAStranger, altered, expired, older, environment }: SignedPolicies,
): readonly RefusedCase[] {
  const { directory, guarded, needed, candidatePolicy } = prepared;
  const good = policyText([needed.path]);
  const of = (name: RefusedPolicy, content: string | Buffer, mode?: number): RefusedCase => ({
    name,
    args: [ownInput(directory, `refused-${name.replaceAll(' ', '-')}.policy`, content, mode)],
  });
  const folder = join(directory, 'refused-folder.policy');
  mkdirSync(folder);
  knownFile(folder, '');
  const whole = readRegularFile(candidatePolicy);
  const wrong = hash('sha256', `${whole} `);
  return [
    of('unknown section', `${good}\n[deny_everything]\n${guarded.path}\n`),
    of('bad version', good.replace('version=1', 'version=zero')),
    // Written for an agent to come: this one cannot know what it means (docs/agent-contract.md §1.5).
    of('version of the future', good.replace('version=1', 'version=999')),
    of('nonexistent path', `${good}${join(directory, 'nowhere')}\n`),
    { name: 'wrong sha256', args: [candidatePolicy, '--sha256', wrong] },
    // Root may read any mode: what even root cannot read as a file is a folder.
    { name: 'unreadable', args: [folder] },
    of('world-writable', good, 0o666),
    of('truncated', good.slice(0, good.length - 5)),
    of('huge', tooManyRules()),
    of('binary garbage', garbage()),
    { name: 'unsigned', args: [candidatePolicy, '--require-signature'] },
    // By another way through the command; the threshold keeps opens of ours from ending it as a bad policy.
    {
      name: 'unsigned by canary',
      args: [candidatePolicy, '--require-signature', '--canary=1', '--canary-threshold=1000000'],
    },
    { name: 'signed by a stranger', args: [byAStranger], environment },
    { name: 'altered after signing', args: [altered], environment },
    { name: 'expired', args: [expired], environment },
    // Who kept a policy of last year could put it in force again.
    { name: 'older than the last signed one', args: [older], environment },
  ];
}
