import type { BlockEvent, NetBlockEvent } from '../agent/contract/events.ts';
import type { EventLog } from '../agent/stream/event-log.ts';
import type { KnownActor } from '../agent/stream/field-check.ts';
import { type ProcessFacts, readProcessFacts } from '../host/process-facts.ts';
import { Probe } from './probe.ts';
import type { Answer, Site } from './site.ts';
import { isKind, KINDS, type Kind, type Line, type Route, TABLE } from './table.ts';

/** One line of the table, taken once. */
export interface Taken {
  readonly line: Line;
  /** In words where nobody knows what came of it. */
  readonly answer: Answer | string;
  /** Event lines of its process that came from its beginning to the next one's. */
  readonly events: readonly (BlockEvent | NetBlockEvent)[];
  /** Who made them; undefined where its process ended before it could be looked at. */
  readonly actor?: KnownActor | undefined;
}

/** Processes that were begun before, and live on after it. */
export type Standing = ReadonlyMap<Kind, Probe>;

const EVENT_WAIT_MS = 3000;
/** How long we look for an event that must not come. */
const QUIET_MS = 1500;
/** The same behind each open route, so that a line is told of the route that made it: lines are read a few times a second. */
const QUIET_AFTER_EACH_MS = 600;
/** So many kinds at a time: a host has few processors, and each waits for events most of its time. */
const TOGETHER = 4;
/** Exchanges names that the others use. */
const ALONE: readonly Kind[] = ['neighbour'];

/**
 * Takes every line of the table once, each kind of process its own lines in order.
 * @param events of the agent; without one there is no rule, and what fails then cannot be tried on this host.
 */
export async function takeTable(
  site: Site,
  environment: Readonly<Record<string, string>>,
  standing: Standing,
  events?: EventLog,
): Promise<readonly Taken[]> {
  const taken: Taken[] = [];
  const takeKind = async (kind: Kind) => {
    const probe = standing.get(kind) ?? new Probe(kind, site, environment);
    taken.push(...(await takeLines(probe, events)));
    if (!standing.has(kind)) await probe.end();
  };
  const waiting = Object.keys(KINDS).filter(isKind).values();
  const workers = Array.from({ length: TOGETHER }, async () => {
    for (const kind of waiting) if (!ALONE.includes(kind)) await takeKind(kind);
  });
  await Promise.all(workers);
  for (const kind of ALONE) await takeKind(kind);
  return TABLE.flatMap((line) => taken.find((one) => one.line === line) ?? []);
}

async function takeLines(probe: Probe, events: EventLog | undefined): Promise<Taken[]> {
  const lines = TABLE.filter(({ kind }) => kind === probe.kind);
  const pid = await probe.up();
  if (typeof pid === 'string') return lines.map((line) => ({ line, answer: pid, events: [] }));
  const made = events?.watchProcess(pid) ?? [];
  const taken: (Omit<Taken, 'events'> & { from: number })[] = [];
  for (const line of lines) {
    const from = made.length;
    const before = readProcessFacts(pid);
    const answer = await probe.take(line.route);
    taken.push({ line, answer, from, actor: before && actorOf(line.route, before) });
    const wait = line.expected === 'denied' ? EVENT_WAIT_MS : QUIET_AFTER_EACH_MS;
    await events?.until(() => made.length > from, wait);
  }
  const isMore = () => {
    const total = made.length;
    return events?.until(() => made.length > total, QUIET_MS);
  };
  // A line that comes now may have others behind it.
  while ((await isMore()) === true);
  return taken.map(({ from, ...one }, index) => ({
    ...one,
    events: made.slice(from, taken[index + 1]?.from),
  }));
}

/** Routes by which the process starts a program: it is that one which is refused, still by its caller's name. */
const STARTS: readonly Route[] = ['exec', 'interpreter'];

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
