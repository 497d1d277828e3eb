import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const signals = new AsyncLocalStorage<AbortSignal>();

/** Runs a step of the runbook; whatever it starts, however deep, is cancelled with this signal. */
export function asStep<T>(signal: AbortSignal, step: () => Promise<T>): Promise<T> {
  return signals.run(signal, step);
}

/** Fires when the step that runs now is past its deadline; undefined outside of steps. */
const stepSignal = (): AbortSignal | undefined => signals.getStore();

/** @throws the reason when the step that runs now is past its deadline: it must start nothing more. */
export const mustGoOn = (): void => stepSignal()?.throwIfAborted();

/** Limit of a program (`startProgram`) that ends the program with the step. */
export function endsWithStep(): { readonly cancelSignal?: AbortSignal } {
  const cancelSignal = stepSignal();
  return cancelSignal === undefined ? {} : { cancelSignal };
}

/** Waits. @throws the reason when the step is past its deadline, then or meanwhile. */
export async function pause(ms: number): Promise<void> {
  const signal = stepSignal();
  await sleep(ms, undefined, signal === undefined ? {} : { signal });
}

/** Those who wait for what others bring about, and tell by `wake`. */
export class Waiters {
  readonly #looks = new Set<() => void>();

  wake(): void {
    for (const look of this.#looks) look();
  }

  /**
   * Waits until it holds, until the deadline of this wait or of the step, or until it never can any more.
   * @returns whether it holds.
   */
  until(holds: () => boolean, timeoutMs: number, isOver = () => false): Promise<boolean> {
    if (holds() || isOver()) return Promise.resolve(holds());
    const signal = stepSignal();
    return new Promise((resolve) => {
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', settle);
        this.#looks.delete(look);
        resolve(holds());
      };
      const look = () => {
        if (holds() || isOver()) settle();
      };
      // What is left of a deadline that has passed is negative, of which Node would warn on the terminal.
      const timer = setTimeout(settle, Math.max(0, timeoutMs));
      signal?.addEventListener('abort', settle, { once: true });
      this.#looks.add(look);
    });
  }
}
