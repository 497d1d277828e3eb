import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { mustBeRegular, OPEN_WITHOUT_WAITING } from './regular-file.ts';

/**
 * SHA-256 of a file's bytes, in hex.
 * @throws Error when it cannot be read, or is no regular file.
 */
export async function sha256OfFile(path: string): Promise<string> {
  const file = await open(path, OPEN_WITHOUT_WAITING);
  try {
    mustBeRegular(await file.stat());
    const hash = createHash('sha256');
    await pipeline(file.createReadStream({ autoClose: false }), hash);
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}
