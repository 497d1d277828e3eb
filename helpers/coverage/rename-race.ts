import { z } from 'zod';
import type { OwnDecision } from '../agent/stream/event-log.ts';
import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import { counted } from '../text/counted.ts';

/** What a process of the race is told at its start. */
export interface RaceOrder {
  readonly role: 'open' | 'exchange';
  readonly directory: string;
  /** Inode number of the denied file; the other one is free. */
  readonly denied: string;
}

/** Names in the directory of the race; the first two change places. */
export const RACE_NAMES = { denied: 'denied', free: 'free', away: 'away', link: 'link' } as const;

/** What it answers: first that it is ready, and in the end what it met. */
export const raceAnswer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('up') }),
  z.object({ kind: z.literal('exchanged'), rounds: z.int() }),
  z.object({
    kind: z.literal('opened'),
    /** Opens that went through, by what the descriptor then was of. */
    denied: z.int(),
    free: z.int(),
    refused: z.record(z.string(), z.int()),
    /** How often a name led elsewhere than the time before. */
    turns: z.int(),
  }),
  z.object({ kind: z.literal('failed'), why: z.string() }),
]);
export type RaceAnswer = z.output<typeof raceAnswer>;
export type Opened = Extract<RaceAnswer, { kind: 'opened' }>;

/** Of fewer events than these of one process none is lost among the host's. */
export const MOST_DENIALS = 400;
export const MOST_OPENS = 1500;
/** Fewer changes of names than these are no race. */
const FEWEST_TURNS = 10;

/** What one process met, and the events of it. */
export interface Racer {
  readonly opened: Opened;
  readonly events: readonly OwnDecision[];
}

/**
 * Each open of the denied file was refused and told, and no other one was. What a refused open would have opened nobody can see:
 * so many refusals need as many events that name the denied file.
 * @param dropped lines that the agent itself says it lost meanwhile; undefined where it does not say.
 */
export function judgeRace(
  racers: readonly Racer[],
  rounds: number,
  denied: { readonly dev: number; readonly ino: number },
  dropped: number | undefined,
  source: string,
): Judgement {
  const sum = (of: (racer: Racer) => number) => racers.reduce((total, one) => total + of(one), 0);
  const refusals = sum(({ opened }) => opened.refused.EPERM ?? 0);
  const free = sum(({ opened }) => opened.free);
  const through = sum(({ opened }) => opened.denied);
  const turns = sum(({ opened }) => opened.turns);
  const events = racers.flatMap((one) => one.events);
  const others = events.filter(
    (event) => !('ino' in event && event.ino === denied.ino && event.dev === denied.dev),
  );
  const missing = refusals - (events.length - others.length);
  const errnos = racers
    .flatMap(({ opened }) => Object.keys(opened.refused))
    .find((errno) => errno !== 'EPERM');
  const measured = { value: through, limit: 0, unit: 'opens of the denied file', source };
  if (through > 0)
    return fail(
      `${through} of ${through + refusals} opens of a denied file went through while it changed places with a free one`,
      measured,
    );
  if (errnos !== undefined)
    return fail(
      `opens were refused with ${errnos} while a denied file changed places with a free one, expected EPERM`,
      measured,
    );
  if (others.length > 0)
    return fail(
      `${counted(others.length, 'event')} of these opens name another file than the denied one: ${JSON.stringify(others[0])}`,
      measured,
    );
  if (missing > 0 && dropped !== 0)
    return inconclusive(
      `${refusals} opens were refused, and ${missing} of them have no event; ${dropped === undefined ? 'its metrics do not tell whether the agent dropped any' : `the agent says that it dropped ${dropped}`}`,
      measured,
    );
  if (missing !== 0)
    return fail(
      `${refusals} opens were refused, and ${counted(refusals - missing, 'event')} name the denied file${missing > 0 ? ': the others may have been refused the free one' : ''}`,
      measured,
    );
  if (turns < FEWEST_TURNS || free === 0 || refusals === 0)
    return inconclusive(
      `the names changed places too seldom for a race: ${refusals} opens refused, ${free} free, a name led elsewhere ${counted(turns, 'time')}`,
      measured,
    );
  return pass(
    `${refusals} opens of a denied file were refused with one event each, and ${free} of a free one went through, while both changed places ${counted(rounds, 'time')}`,
    measured,
  );
}
