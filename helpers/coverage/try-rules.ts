import { z } from 'zod';
import type { EventLog } from '../agent/stream/event-log.ts';
import { OwnProcess } from '../workload/own-process.ts';
import type { Attempt } from './policy-sample.ts';

/** What became of each attempt: an errno, or `let through`. */
const outcomes = z.array(z.string()).readonly();
export type Outcomes = z.output<typeof outcomes>;

/** What came of them. */
interface Tried {
  readonly outcomes: Outcomes;
  /** How many events, and the action of each. */
  readonly made: number;
  readonly actions: readonly string[];
}

const SCRIPT = new URL('./try-rules-process.ts', import.meta.url);
/** How long the events of all of them may take, and how long we look for one more. */
const EVENTS_MS = 10_000;
const QUIET_MS = 600;

/**
 * Makes each attempt once, in a process of our own.
 * @returns its outcomes and how many events it made; undefined where the process told nothing.
 */
export async function tryRules(
  attempts: readonly Attempt[],
  environment: Readonly<Record<string, string>>,
  events: EventLog,
): Promise<Tried | undefined> {
  let told: Outcomes | undefined;
  const child = new OwnProcess(SCRIPT, JSON.stringify(attempts), environment, (message) => {
    told = outcomes.safeParse(message).data;
  });
  const made = child.pid === undefined ? [] : events.watchProcess(child.pid);
  await child.ended;
  const denials = told?.filter((outcome) => outcome === 'EPERM').length ?? 0;
  await events.until(() => made.length >= denials, EVENTS_MS);
  await events.until(() => made.length > denials, QUIET_MS);
  const actions = made.map(({ action }) => action);
  return told?.length === attempts.length
    ? { outcomes: told, made: made.length, actions }
    : undefined;
}
