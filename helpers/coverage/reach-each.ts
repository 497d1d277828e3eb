import { z } from 'zod';
import type { EventLog } from '../agent/stream/event-log.ts';
import { OwnProcess } from '../workload/own-process.ts';

/** What one process of ours reaches for. */
export interface Subjects {
  readonly files: readonly string[];
  readonly addresses: readonly string[];
}

/** The errno of each subject that was refused. */
const refusals = z.record(z.string(), z.string());
export type Refusals = z.output<typeof refusals>;

const SCRIPT = new URL('./reach-each-process.ts', import.meta.url);
/** How long the events of all of them may take. */
const EVENTS_MS = 10_000;
/** How long we look for one more. */
const QUIET_MS = 600;

/**
 * Reaches for each of them once, in a process of our own.
 * @param expected events of it that are waited for.
 * @returns what was refused and how many events it made; undefined where the process told nothing.
 */
export async function reachEach(
  subjects: Subjects,
  environment: Readonly<Record<string, string>>,
  events: EventLog,
  expected: number,
): Promise<{ readonly refused: Refusals; readonly made: number } | undefined> {
  let told: Refusals | undefined;
  const child = new OwnProcess(SCRIPT, JSON.stringify(subjects), environment, (message) => {
    told = refusals.safeParse(message).data;
  });
  const made = child.pid === undefined ? [] : events.watchProcess(child.pid);
  await child.ended;
  await events.until(() => made.length >= expected, EVENTS_MS);
  await events.until(() => made.length > expected, QUIET_MS);
  return told && { refused: told, made: made.length };
}
