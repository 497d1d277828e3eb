/** A power of two; a soak has at most some dozens of workers. */
const SLOTS = 1024;
/** Where an event line has its type and pid, which tell lines apart at a glance. */
const FROM = 14;
const TO = 38;

interface Remembered {
  readonly text: string;
  readonly again: () => void;
}

/**
 * What to do about a line that came before with the very same text: a worker's decisions are all told
 * by one and the same line. Looked up by a few characters and then compared as a whole, which costs
 * less than hashing it; a line that lands in a taken slot takes it over.
 */
export class RememberedLines {
  readonly #slots: (Remembered | undefined)[] = Array(SLOTS).fill(undefined);

  /** @returns what was remembered for exactly this text. */
  find(text: string): (() => void) | undefined {
    const slot = this.#slots[slotOf(text)];
    return slot !== undefined && slot.text === text ? slot.again : undefined;
  }

  remember(text: string, again: () => void): void {
    this.#slots[slotOf(text)] = { text, again };
  }
}

function slotOf(text: string): number {
  let hash = text.length;
  const end = Math.min(TO, text.length);
  for (let at = FROM; at < end; at += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return (hash ^ (hash >>> 10)) & (SLOTS - 1);
}
