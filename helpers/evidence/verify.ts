import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { jsonOf } from '../files/ndjson.ts';
import {
  PAYLOAD_TYPE,
  type SealedHashes,
  type Statement,
  sealedHashes,
  statement,
  testResult,
} from './attestation.ts';
import { type Envelope, envelope, envelopeText, signedBy } from './dsse.ts';
import { fleetResult, fleetSummary } from './fleet-summary.ts';
import {
  ATTESTATION_FILE,
  type Difference,
  differencesFrom,
  MANIFEST_FILE,
  manifest,
} from './manifest.ts';
import { summary } from './summary.ts';

/** There is nothing to verify, or it cannot be read: neither whole nor altered. */
export class CannotVerify extends Error {}

/** What a run directory is worth, once every byte was looked at. */
export interface Verification {
  /** In words, what does not fit, the first one first; empty when everything does. */
  readonly problems: readonly string[];
  readonly files: number;
  readonly sealedAt: string;
  readonly statement: Statement;
  /** Names of the keys that the envelope says it is signed with; empty for none. */
  readonly signatures: readonly string[];
  /** What the given key says of the signature; whoever the key does not belong to may have signed rightly. */
  readonly signature: Signature;
}

/** `not checked`: no key was given. `another key`: nobody signed with the given one. */
type Signature = 'holds' | 'not checked' | 'unsigned' | 'another key' | 'forged';

function read(root: string, name: string): Buffer {
  try {
    return readFileSync(join(root, name));
  } catch (error) {
    if (name === MANIFEST_FILE && (error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new CannotVerify(
        `there is no ${MANIFEST_FILE} in ${root}: the run was cut short before it was sealed, or this is no run directory; name the directory of a run that ended`,
      );
    throw new CannotVerify(`${join(root, name)} cannot be read: ${(error as Error).message}`);
  }
}

function parsed<T>(name: string, shape: z.ZodType<T>, text: string): T {
  try {
    return shape.parse(JSON.parse(text));
  } catch (error) {
    throw new CannotVerify(`${name} is not what a run writes: ${(error as Error).message}`);
  }
}

/** @throws CannotVerify when the file is no public (or private) Ed25519 key in PEM. */
export function readPublicKey(path: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey(readFileSync(path));
  } catch (error) {
    throw new CannotVerify(`${path} holds no public key in PEM: ${(error as Error).message}`);
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw new CannotVerify(`${path} is a key of type ${key.asymmetricKeyType}, expected ed25519`);
  return key;
}

const WORDS: Readonly<Record<Difference['kind'], string>> = {
  differs: 'differs from what was sealed',
  missing: 'is missing',
  added: 'was added after the run was sealed',
  'not a regular file': 'is not a regular file any more',
};

function signatureOf(wrapped: Envelope, key: KeyObject | undefined): Signature {
  if (key === undefined) return 'not checked';
  return wrapped.signatures.length === 0 ? 'unsigned' : signedBy(wrapped, key);
}

/** What the sealed evidence says: of one run, or of many that were judged together. */
function saidBy(text: string, hashes: SealedHashes): Statement | undefined {
  const json = jsonOf(text);
  const fleet = fleetSummary.safeParse(json).data;
  if (fleet !== undefined) return fleetResult(fleet, hashes);
  const one = summary.safeParse(json).data;
  return one && testResult(one, hashes);
}

/** What the attestation says must be what the evidence says. */
function statementProblems(stated: Statement, hashes: SealedHashes, text: string): string[] {
  if (!stated.subject.some(({ digest }) => digest.sha256 === hashes.manifest))
    return [`${MANIFEST_FILE} differs from the one that ${ATTESTATION_FILE} speaks of`];
  const said = saidBy(text, hashes);
  if (said === undefined)
    return ['summary.json is missing or cannot be read, so it supports no result'];
  const { status } = stated.predicate;
  if (status !== said.predicate.status)
    return [
      `${ATTESTATION_FILE} says "${status}" and summary.json says "${said.predicate.status}"`,
    ];
  return isDeepStrictEqual(said, stated)
    ? []
    : [`${ATTESTATION_FILE} differs from what the sealed evidence says`];
}

/** A key that stands twice would tell other readers something else: we write each once, without blanks. */
const isAsWritten = (json: string) => JSON.stringify(jsonOf(json)) === json;

/**
 * Checks a run directory against its seal, offline.
 * @throws CannotVerify when there is no seal, or it cannot be read.
 */
export async function verifyRun(root: string, key?: KeyObject): Promise<Verification> {
  const sealedText = read(root, MANIFEST_FILE);
  const sealed = parsed(MANIFEST_FILE, manifest, sealedText.toString());
  const attestationText = read(root, ATTESTATION_FILE).toString('utf8');
  const wrapped = parsed(ATTESTATION_FILE, envelope, attestationText);
  if (wrapped.payloadType !== PAYLOAD_TYPE)
    throw new CannotVerify(`${ATTESTATION_FILE} holds ${wrapped.payloadType}, not a statement`);
  const payload = Buffer.from(wrapped.payload, 'base64').toString('utf8');
  const stated = parsed(ATTESTATION_FILE, statement, payload);
  const different = await differencesFrom(sealed, root);
  const signature = signatureOf(wrapped, key);
  // A run that ended before its summary was written has none.
  const hasSummary = sealed.files.some(({ path }) => path === 'summary.json');
  const supported = () =>
    statementProblems(
      stated,
      sealedHashes(sealedText, sealed),
      hasSummary ? read(root, 'summary.json').toString('utf8') : '',
    );
  const problems = [
    ...different.map(({ path, kind }) => `${path} ${WORDS[kind]}`),
    ...(different.length === 0 ? supported() : []),
    ...(attestationText === envelopeText(wrapped) && isAsWritten(payload)
      ? []
      : [`${ATTESTATION_FILE} was edited`]),
    ...(signature === 'forged'
      ? [`${ATTESTATION_FILE} says that the given key signed it, and the signature does not hold`]
      : []),
  ];
  return {
    problems,
    files: sealed.files.length,
    sealedAt: sealed.sealedAt,
    statement: stated,
    signatures: wrapped.signatures.map(({ keyid }) => keyid),
    signature,
  };
}
