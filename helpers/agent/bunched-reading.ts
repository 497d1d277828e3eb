import type { Readable } from 'node:stream';

/** How long a trickle may gather. The agent's ring holds far more than comes in that time. */
const GATHER_MS = 40;
/** A chunk of this size is no trickle: whoever writes it must never wait for us. */
const BUSY_BYTES = 8192;

/**
 * Hands on what a stream gives, and lets a trickle gather for a moment: hundreds of lines a second
 * that each come alone cost more in wake-ups than in reading.
 */
export function readInBunches(stream: Readable, take: (chunk: Buffer) => void): void {
  stream.on('data', (chunk: Buffer) => {
    take(chunk);
    if (chunk.length >= BUSY_BYTES) return;
    stream.pause();
    setTimeout(() => stream.resume(), GATHER_MS);
  });
}
