import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  type Stats,
  statSync,
} from 'node:fs';
import { utf8Text } from '../text/utf8-text.ts';

/** Operators' files are a few kilobytes; a million groups of a review are not a tenth of this. */
const MAX_BYTES = 256 * 1024 * 1024;

/** True for a regular file, or a link to one; false for what cannot be looked at. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Does not wait for the other end of a FIFO (fifo(7)). */
export const OPEN_WITHOUT_WAITING = constants.O_RDONLY | constants.O_NONBLOCK;

/** @throws Error in one line when it is a directory, FIFO or device, which could be read for ever. */
export function mustBeRegular(stat: Stats): void {
  if (!stat.isFile()) throw new Error('it is not a regular file');
}

/**
 * Bytes of a file that an operator named. What was looked at is what is read.
 * @param look throws when the open file is not as it must be.
 * @throws Error in one line when it cannot be opened, is no regular file, or is too large.
 */
export function readRegularBytes(path: string, look: (stat: Stats) => void = () => {}): Buffer {
  const descriptor = openSync(path, OPEN_WITHOUT_WAITING);
  try {
    const stat = fstatSync(descriptor);
    mustBeRegular(stat);
    if (stat.size > MAX_BYTES) throw new Error(`it has ${stat.size} bytes, at most ${MAX_BYTES}`);
    look(stat);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Text of a file that an operator named.
 * @throws Error in one line as `readRegularBytes` does, and when it is not UTF-8: with the place and the encoding.
 */
export function readRegularFile(path: string, look?: (stat: Stats) => void): string {
  return utf8Text(readRegularBytes(path, look));
}
