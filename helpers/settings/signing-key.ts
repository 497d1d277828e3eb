import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readRegularFile } from '../files/regular-file.ts';
import { CannotBegin, quotedKnob } from './cannot-begin.ts';

/** An Ed25519 key in PEM has 119 bytes; a file of megabytes is something else. */
const MAX_BYTES = 64 * 1024;

/** Asked of its key by ssh(1) too: nobody but the owner may read what signs in the owner's name. */
const OTHERS_MAY = 0o077;

/**
 * The operator's private Ed25519 key (PEM, as `openssl genpkey -algorithm ed25519` writes it).
 * @throws Error saying in one line what is wrong with the file, and what to do.
 */
export function readSigningKey(path: string): KeyObject {
  const pem = readRegularFile(path, ({ mode, size }) => {
    if ((mode & OTHERS_MAY) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw new Error(
        `its mode is ${octal}, so others than its owner can use it; \`chmod 0600\` it, or make a new key if others may have read it`,
      );
    }
    if (size > MAX_BYTES) throw new Error(`it has ${size} bytes; a key has a few hundred`);
  });
  return ed25519(pem);
}

function ed25519(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // Not the library's words: they could quote what is in the file.
    throw new Error('it holds no private key in PEM without a passphrase');
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new Error(
      `it is a key of type ${key.asymmetricKeyType}, expected ed25519; make one with \`openssl genpkey -algorithm ed25519\``,
    );
  }
  return key;
}

/**
 * The key that SIGNING_KEY names. Read once more when a run begins: what happens to the file later cannot unsign the run.
 * @throws CannotBegin when it cannot sign.
 */
export function signingKey(path: string | undefined): KeyObject | undefined {
  if (path === undefined) return undefined;
  try {
    return readSigningKey(path);
  } catch (error) {
    throw new CannotBegin(
      `SIGNING_KEY=${quotedKnob(path)}: cannot sign with it: ${(error as Error).message}`,
    );
  }
}
