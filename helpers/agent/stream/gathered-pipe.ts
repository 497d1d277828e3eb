import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { gatheringWait, ReadRate } from './read-rate.ts';

const MKFIFO = '/usr/bin/mkfifo';
/** What a pipe holds by default (pipe(7)): one read empties it. */
const PIPE_BYTES = 64 * 1024;

/**
 * A pipe for a child's output that is read a few times a second: waking for each line would cost more
 * CPU than all the rest of watching. Its child never waits for that: what may gather is a share of
 * what the pipe holds, and a stream too fast for it is read as it comes.
 *
 * A pipe of our own, because the socket that `spawn` makes for `'pipe'` is read for each write, whether
 * the stream is paused or not, and holds only some hundred lines.
 */
export class GatheredPipe {
  /** For the child; to be closed here once it has it. */
  readonly writeEnd: number;
  /** All has been read: nobody holds the write end any more. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  readonly #rate = new ReadRate();
  #timer: NodeJS.Timeout | undefined;
  #gathers = true;
  #isHeld = false;

  /**
   * @param path of the FIFO, which is gone again when this returns.
   * @param take gets each chunk, in a buffer that is used again afterwards.
   */
  constructor(path: string, take: (chunk: Buffer) => void) {
    execFileSync(MKFIFO, ['-m', '0600', path]);
    const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.writeEnd = openSync(path, constants.O_WRONLY);
    unlinkSync(path);
    const onread = {
      buffer: Buffer.alloc(PIPE_BYTES),
      callback: (bytes: number, buffer: Uint8Array) => {
        take(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
        return this.#goesOnAtOnce(bytes);
      },
    };
    this.#socket = new Socket({ fd: readEnd, readable: true, writable: false, onread });
    this.ended = new Promise((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.on('error', () => {});
    this.#socket.resume();
  }

  closeWriteEnd(): void {
    closeSync(this.writeEnd);
  }

  /** Nothing is read until `release`: the pipe fills, and the child waits as for a reader that hangs. */
  hold(): void {
    this.#isHeld = true;
    clearTimeout(this.#timer);
    this.#socket.pause();
  }

  release(): void {
    this.#isHeld = false;
    this.#socket.resume();
  }

  /** From now on as it comes: the child has ended, and the rest is waited for. */
  drain(): void {
    this.#gathers = false;
    this.#isHeld = false;
    clearTimeout(this.#timer);
    this.#socket.resume();
  }

  /** Gives up what somebody still holds the write end for. */
  close(): void {
    this.drain();
    this.#socket.destroy();
  }

  /** False stops the reading, until more has gathered. */
  #goesOnAtOnce(bytes: number): boolean {
    if (this.#isHeld) return false;
    const wait = gatheringWait(this.#rate.after(bytes, performance.now()));
    if (!this.#gathers || wait === 0) return true;
    this.#timer = setTimeout(() => this.#socket.resume(), wait);
    return false;
  }
}
