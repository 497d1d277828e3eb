import { setTimeout as sleep } from 'node:timers/promises';
import { asStep } from '../criteria/step-signal.ts';

/** What became of a step by its deadline. */
export type Timed<T> =
  | { readonly state: 'ended'; readonly value: T }
  /** Cancelled, and ended since; or it goes on in spite of that. */
  | { readonly state: 'late'; readonly goesOn: boolean };

/**
 * Runs a step until its deadline. A step that is late is cancelled and awaited, so that it never goes on beside the
 * next one: both would change the host and judge what the other did.
 * @param graceMs how long a cancelled step may take to end.
 */
export async function untilDeadline<T>(
  step: () => Promise<T>,
  deadline: AbortSignal,
  graceMs: number,
): Promise<Timed<T>> {
  const passed = new Promise<undefined>((resolve) => {
    deadline.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const running = asStep(deadline, step).then((value) => ({ state: 'ended', value }) as const);
  const ended = await Promise.race([running, passed]);
  if (ended !== undefined && !deadline.aborted) return ended;
  const settled = running.then(
    () => false,
    () => false,
  );
  const goesOn = await Promise.race([settled, sleep(graceMs, true, { ref: false })]);
  return { state: 'late', goesOn };
}
