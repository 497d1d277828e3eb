import type { EventLog, OwnDecision } from '../../agent/stream/event-log.ts';
import type { JudgedLine } from '../../coverage/judge-lines.ts';
import type { Kind, Line } from '../../coverage/table.ts';
import type { Taken } from '../../coverage/taken.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';

/** How long the lines may take from the decision to our end of the pipe. */
const EVENTS_MS = 10_000;

/** Routes, and the actions of all event lines that came of them. */
interface TakenAtOnce {
  readonly taken: readonly Taken[];
  readonly actions: readonly string[];
  /** All lines had come by then. */
  readonly areAll: boolean;
}

/** Lines with a rule that were as they must be; rules by content are put in force once (docs/coverage.md). */
export const asTheyMust = (
  judged: readonly JudgedLine[],
  kinds: readonly Kind[],
): readonly Line[] =>
  judged.flatMap(({ verdict, taken: { line } }) =>
    verdict === 'pass' &&
    line.expected === 'denied' &&
    line.group !== 'by-content' &&
    kinds.includes(line.kind)
      ? [line]
      : [],
  );

/** What a line met; in words where it was not taken. */
export const answerTo = (taken: readonly Taken[], line: Line): Taken['answer'] =>
  taken.find((one) => one.line === line)?.answer ?? 'not taken';

/** Takes the routes without waiting for the event of each. @param due so many lines at least. */
export async function takenAtOnce(
  subjects: CoverageSubjects,
  events: EventLog,
  kinds: readonly Kind[],
  due: number,
): Promise<TakenAtOnce> {
  const told = new Set<readonly OwnDecision[]>();
  const taken = await subjects.takeAtOnce(events, kinds, told);
  const lines = () => [...told].flat();
  const watermark = subjects.watermark(events);
  try {
    const areAll = await watermark.passed(EVENTS_MS, () => lines().length >= due);
    return { taken, areAll, actions: lines().map(({ action }) => action) };
  } finally {
    await watermark.end();
  }
}
