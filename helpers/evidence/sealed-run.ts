import { hash, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { readRegularBytes } from '../files/regular-file.ts';
import { inOneLine } from '../text/escaped-character.ts';
import { MANIFEST_FILE, type Manifest, manifest } from './manifest.ts';
import { type RunRecord, runRecord } from './run-record.ts';
import { SUMMARY_FILE, type Summary, summary } from './summary.ts';
import { CannotVerify, verifyRun } from './verify.ts';

/** A finished run of which every byte is as it was sealed. */
export interface SealedRun {
  readonly directory: string;
  readonly run: RunRecord;
  readonly summary: Summary;
  readonly sealedAt: string;
  /** Of its manifest, which holds the hash of every file. */
  readonly manifestSha256: string;
  /** Names of the keys that the seal says it is signed with. */
  readonly signers: readonly string[];
  /** Text of a file of its directory; undefined where it has none. @throws Error when it was changed meanwhile. */
  readonly text: (name: string) => string | undefined;
}

/** The run, or in words why it is no evidence. */
export type SealedState =
  | { readonly ok: true; readonly run: SealedRun }
  | { readonly ok: false; readonly why: string };

/** Bytes of a file of a sealed run, by its hash: what was put in its place meanwhile is not read. */
function sealedText(root: string, sealed: Manifest, name: string): string | undefined {
  const entry = sealed.files.find(({ path }) => path === name);
  if (entry === undefined) return undefined;
  const bytes = readRegularBytes(join(root, name));
  if (hash('sha256', bytes) !== entry.sha256)
    throw new Error(`${name} was changed while it was read`);
  return bytes.toString('utf8');
}

function sealedJson(root: string, sealed: Manifest, name: string): unknown {
  const text = sealedText(root, sealed, name);
  if (text === undefined) throw new Error(`it has no ${name}, so it did not end`);
  return JSON.parse(text);
}

const refused = (why: string): SealedState => ({ ok: false, why });

/** What one of the keys says, or the last of them. */
async function verified(root: string, keys: readonly KeyObject[]) {
  let last = await verifyRun(root, keys[0]);
  for (const key of keys.slice(1)) {
    if (last.signature === 'holds') break;
    last = await verifyRun(root, key);
  }
  return last;
}

/**
 * Reads a finished run, after every byte of it was looked at. Nothing is written there.
 * @param keys public keys; with one or more, a run that none of them signed is no evidence.
 */
export async function readSealed(
  root: string,
  keys: readonly KeyObject[] = [],
): Promise<SealedState> {
  try {
    const { problems, signature, signatures, sealedAt } = await verified(root, keys);
    const [first, ...more] = problems;
    if (first !== undefined)
      return refused(
        `it is not as it was sealed: ${first}${more.length > 0 ? `, and ${more.length} more` : ''}`,
      );
    if (keys.length > 0 && signature !== 'holds')
      return refused(
        signatures.length === 0
          ? 'it is not signed'
          : `it is signed by key ${signatures.join(', ')}, which is none of the given ones`,
      );
    const bytes = readRegularBytes(join(root, MANIFEST_FILE));
    const sealed = manifest.parse(JSON.parse(bytes.toString('utf8')));
    return {
      ok: true,
      run: {
        directory: root,
        run: runRecord.parse(sealedJson(root, sealed, 'run.json')),
        summary: summary.parse(sealedJson(root, sealed, SUMMARY_FILE)),
        ...{ sealedAt, manifestSha256: hash('sha256', bytes), signers: signatures },
        text: (name) => sealedText(root, sealed, name),
      },
    };
  } catch (error) {
    const { message } = error as Error;
    return refused(
      error instanceof CannotVerify ? message : `it cannot be read: ${inOneLine(message)}`,
    );
  }
}
