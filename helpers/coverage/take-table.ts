import type { EventLog } from '../agent/stream/event-log.ts';
import type { KnownActor } from '../agent/stream/field-check.ts';
import { type ProcessFacts, readProcessFacts } from '../host/process-facts.ts';
import type { Probe } from './probe.ts';
import { BY_DENIED_NAME, isKind, KINDS, type Kind, type Route, TABLE } from './table.ts';
import type { Taken } from './taken.ts';
import type { Watermark } from './watermark.ts';

/** How events are waited for; where there is nothing to wait for, nothing is. */
export interface Told extends Pick<Watermark, 'passed'> {
  readonly events: Pick<EventLog, 'watchProcess' | 'until'>;
}

/** A process of a kind. */
type Actor = Pick<Probe, keyof Probe>;

/** Processes that were begun before, and live on after it. */
export type Standing = ReadonlyMap<Kind, Actor | string>;

/** A line that was taken, and the event lines that came of it until now. */
type Begun = Omit<Taken, 'events'> & { readonly lines: () => Taken['events'] };

/** Most events are here by then; behind a route whose event is not, controls are taken. */
const SOON_MS = 300;
/** How long an event may take from the decision to our end of the pipe, where the controls' events do not come either. */
const EVENT_WAIT_MS = 10_000;
/** The same once it was waited for so many routes: an agent that tells nothing would cost minutes. */
const SHORT_WAIT_MS = 3000;
const WAITED_FOR = 3;
/** The same for an event that must not come. */
const QUIET_MS = 1500;
/** The same behind each open route, so that a line is told of the route that made it. */
const QUIET_AFTER_EACH_MS = 600;
/** So many kinds at a time: a host has few processors, and each waits for events most of its time. */
const TOGETHER = 4;
/** Exchanges names that the others use. */
const ALONE: readonly Kind[] = ['neighbour'];

/**
 * Takes every line of the table once, each kind of process its own lines in order.
 * @param begin starts a process of a kind, or tells why there can be none. @param watermark of the agent's events; without one there is no rule, and what fails then cannot be tried on this host.
 */
export async function takeTable(
  begin: (kind: Kind) => Actor | string,
  standing: Standing,
  watermark?: Told,
  kinds: readonly Kind[] = Object.keys(KINDS).filter(isKind),
): Promise<readonly Taken[]> {
  const taken: Begun[] = [];
  let silent = 0;
  const waitMs = () => (silent < WAITED_FOR ? EVENT_WAIT_MS : SHORT_WAIT_MS);
  const wasSilent = () => {
    silent += 1;
  };
  const takeKind = async (kind: Kind) => {
    const actor = standing.get(kind) ?? begin(kind);
    taken.push(...(await takeLines(kind, actor, watermark, waitMs, wasSilent)));
    if (typeof actor !== 'string' && !standing.has(kind)) await actor.end();
  };
  const waiting = kinds.values();
  const workers = Array.from({ length: TOGETHER }, async () => {
    for (const kind of waiting) if (!ALONE.includes(kind)) await takeKind(kind);
  });
  await Promise.all(workers);
  for (const kind of ALONE) if (kinds.includes(kind)) await takeKind(kind);
  // The agent has counted the controls: of a host that holds their lines up, the two would not agree.
  await watermark?.passed(EVENT_WAIT_MS);
  // Those of a process's last route may come while others take theirs.
  const complete = taken.map(({ lines, ...one }) => ({ ...one, events: lines() }));
  return TABLE.flatMap((line) => complete.find((one) => one.line === line) ?? []);
}

async function takeLines(
  kind: Kind,
  probe: Actor | string,
  watermark: Told | undefined,
  waitMs: () => number,
  wasSilent: () => void,
): Promise<Begun[]> {
  const lines = TABLE.filter((line) => line.kind === kind);
  const untaken = (why: string) => lines.map((line) => ({ line, answer: why, lines: () => [] }));
  if (typeof probe === 'string') return untaken(probe);
  const pid = await probe.up();
  if (typeof pid === 'string') return untaken(pid);
  const made = watermark?.events.watchProcess(pid) ?? [];
  /** @returns whether all lines have come that were due by now; where nobody knows, none came for so long. */
  const settled = async (ms: number): Promise<boolean> => {
    const before = made.length;
    if ((await watermark?.passed(ms, undefined, true)) !== false) return true;
    return made.length === before ? false : settled(ms);
  };
  const taken: (Omit<Begun, 'lines'> & { from: number })[] = [];
  let isLate = false;
  for (const line of lines) {
    const from = made.length;
    const before = readProcessFacts(pid);
    const answer = await probe.take(line.route);
    taken.push({ line, answer, from, actor: before && actorOf(line.route, before) });
    const hasCome = () => made.length > from;
    const isDue = line.expected === 'denied';
    if (watermark !== undefined && !(isDue && (await watermark.events.until(hasCome, SOON_MS)))) {
      const isTold = await watermark.passed(
        isDue ? waitMs() - SOON_MS : QUIET_AFTER_EACH_MS,
        hasCome,
        true,
      );
      if (isDue && !isTold && !hasCome()) {
        isLate = true;
        wasSilent();
      }
    }
    // What came may be the line of a route before it, and its own is behind that.
    if (isLate) isLate = !(await settled(QUIET_AFTER_EACH_MS));
  }
  await settled(QUIET_MS);
  return taken.map(({ from, ...one }, index) => ({
    ...one,
    lines: () => made.slice(from, taken[index + 1]?.from),
  }));
}

/** Routes by which the process starts a program: it is that one which is refused, still by its caller's name. */
const STARTS: readonly Route[] = [
  ...(['exec', 'interpreter', 'twin-exec', 'hashed-exec'] as const),
  ...BY_DENIED_NAME,
];

/** @param before what ran when it was told to take the route: what takes its place has another name. */
function actorOf(route: Route, before: ProcessFacts): KnownActor {
  // Threads that were made for the route are there now.
  const { startTicks, names = [] } = readProcessFacts(before.pid) ?? {};
  const made = startTicks === before.startTicks ? names : [];
  // One of io_uring ends by itself.
  const worker = route === 'io-uring' ? [`iou-wrk-${before.pid}`] : [];
  const process = { ...before, names: [...new Set([...before.names, ...made, ...worker])] };
  return STARTS.includes(route)
    ? { kind: 'child', parent: process, names: process.names }
    : { kind: 'process', process, parent: readProcessFacts(before.parentPid) };
}
