import { generateKeyPairSync, hash, sign } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { howItEnded, runCommand } from '../../agent/command.ts';
import { knownFile, ownInput } from '../../changes/own-file.ts';
import { readRegularBytes, readRegularFile } from '../../files/regular-file.ts';
import type { DrillStage, Prepared } from './stage.ts';

/** In whole seconds since 1970, far from any clock. */
const [LONG_AGO, FOR_EVER] = [1_000_000_000, 4_000_000_000];

/** What an envelope says besides its policy. */
interface Envelope {
  /** The agent takes none twice, and no older one: each that must be refused for another reason has a higher one. */
  readonly version: number;
  readonly expires?: number;
  /** What was signed, where that is not what is in the envelope. */
  readonly signed?: string;
}

/** A key of ours, and policies in the agent's own envelope (docs/agent-contract.md §1.5) that it has signed. */
function signer() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex');
  const inEnvelope = (
    policy: string,
    { version, expires = FOR_EVER, signed = policy }: Envelope,
  ): string => {
    const timestamp = Math.floor(Date.now() / 1000);
    const words = Buffer.from(`${hash('sha256', signed)}${version}${timestamp}${expires}`);
    return [
      'AEGIS-POLICY-BUNDLE-V1',
      'format_version: 1',
      `policy_version: ${version}`,
      `timestamp: ${timestamp}`,
      `expires: ${expires}`,
      `signer_key: ${key}`,
      `signature: ${sign(null, words, privateKey).toString('hex')}`,
      `policy_sha256: ${hash('sha256', policy)}`,
      '---',
      policy,
    ].join('\n');
  };
  return { key, inEnvelope };
}

/** Signed policies, and the environment in which the agent knows one of the keys. */
export type SignedPolicies = ReturnType<typeof signedPolicies>;

/**
 * A host that knows no key refuses every signed policy before it looks at one: only with a key that it knows does a refusal show that
 * it was looked at.
 */
export function signedPolicies({ directory, baselinePolicy, candidatePolicy }: Prepared) {
  const [ours, stranger] = [signer(), signer()];
  const keys = join(directory, 'keys');
  mkdirSync(keys, { mode: 0o700 });
  knownFile(keys, '');
  ownInput(keys, 'ours.pub', `${ours.key}\n`);
  const baseline = readRegularFile(baselinePolicy);
  // It does as without --reset where a policy is signed: it takes only what has all rules that are there.
  const other = readRegularFile(candidatePolicy);
  const of = (name: string, content: string) => ownInput(directory, `${name}.signed`, content);
  return {
    inOrder: of('in-order', ours.inEnvelope(baseline, { version: 2 })),
    byAStranger: of('by-a-stranger', stranger.inEnvelope(other, { version: 3 })),
    altered: of('altered', ours.inEnvelope(other, { version: 4, signed: baseline })),
    expired: of('expired', ours.inEnvelope(other, { version: 5, expires: LONG_AGO })),
    older: of('older', ours.inEnvelope(other, { version: 1 })),
    lacksRule: of('lacks-a-rule', ours.inEnvelope(baseline, { version: 6 })),
    environment: {
      AEGIS_KEYS_DIR: keys,
      // The host's own tells which policies it still takes.
      AEGIS_VERSION_COUNTER_PATH: join(directory, 'version-counter'),
    },
  };
}

/**
 * Applies a policy of ours in the words by which the agent's own unit does before each start (docs/agent-contract.md §1.5), where
 * the agent knows our key.
 */
export async function applySigned(
  { run: { candidate } }: DrillStage,
  policy: string,
  { environment }: SignedPolicies,
) {
  const knowing = { ...candidate, environment: { ...candidate.environment, ...environment } };
  const sha256 = hash('sha256', readRegularBytes(policy));
  const words = ['--reset', '--require-signature', '--sha256', sha256];
  const result = await runCommand(knowing, 'policy', 'apply', policy, ...words);
  return { exitCode: result.exitCode, how: howItEnded(result) };
}

/**
 * The baseline once more, signed by a key that the agent knows: a refusal of others proves nothing where it takes none.
 * @returns why it was not put in force; undefined where it was.
 */
export async function takesSigned(
  stage: DrillStage,
  signed: SignedPolicies,
): Promise<string | undefined> {
  const { exitCode, how } = await applySigned(stage, signed.inOrder, signed);
  const { verdict, explanation } = await stage.shows('the signed baseline', 'baseline');
  if (exitCode === 0 && verdict === 'pass') return undefined;
  await stage.apply(stage.prepared().baselinePolicy);
  return exitCode === 0 ? explanation : how;
}
