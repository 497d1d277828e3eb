import { channel } from 'node:diagnostics_channel';

/**
 * Something changed the verdict when reports were written already: one that failed after the others, or
 * an undoing that did not succeed. By name, since vitest loads reporters and setup apart from each other.
 */
const changed = channel('aegisbpf-canary:verdict-changed');

/** Has a report written anew whenever the verdict changes behind it. */
export function onVerdictChanged(write: () => void): void {
  changed.subscribe(write);
}

/** Has every report that was written so far written anew. */
export function verdictChanged(): void {
  changed.publish(undefined);
}
