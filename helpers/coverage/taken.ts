import type { OwnDecision } from '../agent/stream/event-log.ts';
import type { KnownActor } from '../agent/stream/field-check.ts';
import type { Answer } from './site.ts';
import type { Line } from './table.ts';

/** One line of the table, taken once. */
export interface Taken {
  readonly line: Line;
  /** In words where nobody knows what came of it. */
  readonly answer: Answer | string;
  /** Event lines of its process that came from its beginning to the next one's, or to the end of the table. */
  readonly events: readonly OwnDecision[];
  /** Who made them; undefined where its process ended before it could be looked at. */
  readonly actor?: KnownActor | undefined;
}
