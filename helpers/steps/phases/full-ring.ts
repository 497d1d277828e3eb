import { StartingDaemon } from '../../agent/daemon.ts';
import { daemonOptions } from '../../agent/daemon-options.ts';
import { mustLive } from '../../agent/lives.ts';
import { type Scrape, scrapeRunning } from '../../agent/scrape.ts';
import {
  type FloodOrder,
  type FloodTurn,
  type FullRing,
  judgeFullRing,
  type Outcomes,
  outcomes,
} from '../../coverage/full-ring.ts';
import type { Kind } from '../../coverage/table.ts';
import type { Taken } from '../../coverage/taken.ts';
import { type Judgement, noEvidence } from '../../criteria/judgement.ts';
import { Waiters } from '../../criteria/step-signal.ts';
import { OwnProcess } from '../../workload/own-process.ts';
import type { CanaryRun } from '../canary-run.ts';
import { mustHave } from '../drill/usage.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';

const NAME = 'coverage/full-ring';
const SOURCE = `${NAME}/full-ring.json`;
const SCRIPT = new URL('../../coverage/full-ring-process.ts', import.meta.url);
/** The least that the agent takes (docs/agent-contract.md §1.3). */
const RING_BYTES = 4096;
/** Denials of files have a ring of 4 MiB besides, of a size of its own (docs/agent-contract.md §1.3): some 10,000 lines. */
const MOST = { open: 60_000, connect: 20_000 } as const;
/** Each turn is twice the one before it: behind each stands a scrape, which takes seconds by the command line. */
const [FIRST_TURN, LONGEST_TURN] = [200, 2000];
const MOST_DROPPED = 0.95;
const FULL_TURNS = 2;
/** Nothing listens there, and nothing needs to. */
const ANY_PORT = 9;
/** An emulated host takes ten seconds to start one. */
const PATIENCE_MS = 120_000;
const EVENTS_MS = 20_000;
const PRIORITY_DROPS = 'aegisbpf_backpressure_priority_drops_total';
/** Those that take a route of each hook that has a line to write. */
const KINDS: readonly Kind[] = [
  ...(['root', 'network', 'network-ipv6', 'ruled', 'overlay-holder'] as const),
  ...(['socket-holder', 'network-ipv6-holder'] as const),
];

/** The process that fills the rings. */
class Flood {
  readonly #process: OwnProcess;
  readonly #waiters = new Waiters();
  #told: Outcomes | undefined;

  constructor(order: FloodOrder, environment: Readonly<Record<string, string>>) {
    this.#process = new OwnProcess(SCRIPT, JSON.stringify(order), environment, (message) => {
      this.#told = outcomes.safeParse(message).data;
      this.#waiters.wake();
    });
    void this.#process.ended.then(() => this.#waiters.wake());
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** @throws JudgementError (inconclusive) where it does not tell how they ended. */
  async make(turn: FloodTurn): Promise<Outcomes> {
    this.#told = undefined;
    if (this.#process.child.connected) this.#process.child.send(turn);
    await this.#waiters.until(
      () => this.#told !== undefined,
      PATIENCE_MS,
      () => this.#process.isGone,
    );
    if (this.#told !== undefined) return this.#told;
    throw noEvidence(
      `the process that fills the agent's ring reported nothing (${this.#process.isGone ? this.#process.end : 'it still runs'})`,
      { source: SOURCE },
    );
  }

  kill(): void {
    this.#process.kill();
  }
}

/**
 * Nobody reads the agent's event lines until its ring is full, and every hook that writes one is asked then. Its own project
 * promises that no denial is lost (docs/agent-contract.md §9.5).
 */
export async function denialsHoldWithAFullRing(
  run: CanaryRun,
  subjects: CoverageSubjects,
): Promise<Judgement> {
  await mustHave({ run }, '--ringbuf-bytes');
  const path = subjects.deniedFile();
  const file = subjects.made.denied.find((one) => one.path === path);
  if (file === undefined) throw noEvidence('no denied file was made');
  const options = await daemonOptions(run.settings, {
    ...{ name: NAME, mode: 'enforce', enforceSignal: 'none', ringbufBytes: RING_BYTES },
  });
  await run.journal();
  const starting = new StartingDaemon(run.candidate, options, run.directory);
  const { address } = subjects.made.site.ipv4;
  const order = { path: file.path, address, port: ANY_PORT };
  const flood = new Flood(order, run.candidate.environment);
  try {
    const ready = await starting.ready();
    mustLive('coverage', ready);
    const { events } = ready;
    const ofFile = events.watch(file);
    // A process that stands through the phase has the same lines each time.
    const told = new Set([flood.pid === undefined ? [] : events.watchProcess(flood.pid)]);
    const counts = async () => countsOf(await scrapeRunning(run.candidate, options.metricsAddress));
    const start = await counts();
    // What is refused now and not then was let through by a full ring, or by what that left behind.
    const whileRead = await subjects.takeAtOnce(events, KINDS, told);
    const before = await flood.make({ what: 'open', times: 1 });
    const connected = await flood.make({ what: 'connect', times: 1 });
    // A hook that is not there has no ring to fill.
    const hasNetwork = connected.EPERM === 1;
    starting.holdEvents();
    const whats = hasNetwork ? (['open', 'connect'] as const) : (['open'] as const);
    const all: Record<string, number> = {};
    let full = start;
    for (const what of whats) full = await untilDropped(flood, what, all, start, counts);
    const whileFull = await subjects.takeAtOnce(events, KINDS, told);
    const behindRoutes = await counts();
    starting.releaseEvents();
    const count = () => [...told].reduce((sum, { length }) => sum + length, ofFile.lines);
    const made = { ...before, EPERM: (before.EPERM ?? 0) + (connected.EPERM ?? 0) };
    const refused = made.EPERM + (all.EPERM ?? 0) + refusedIn(whileRead) + refusedIn(whileFull);
    const dropped = droppedSince(start, behindRoutes);
    await events.until(() => count() >= refused - dropped, EVENTS_MS);
    const end = await counts();
    const met = { told: count(), counts: { start, full, behindRoutes, end } };
    const routes = whileFull.map(({ line, answer }) => ({
      ...{ line, full: answer },
      read: whileRead.find((one) => one.line === line)?.answer ?? 'not taken before',
    }));
    if (!ready.isRunning())
      throw noEvidence('the agent ended while its ring was full', { source: SOURCE });
    const whole: FullRing = { ...met, before: made, flood: all, routes };
    run.directory.writeJson(SOURCE, whole);
    return judgeFullRing(whole, SOURCE);
  } finally {
    flood.kill();
    starting.releaseEvents();
    await starting.stop();
  }
}

/**
 * Makes attempts until the agent drops the lines of nearly all in a few turns in a row, or lets one through; not for ever.
 * A line that is dropped because its reader got no processor in time is none of a full ring, and on a busy host a whole
 * turn may be.
 */
async function untilDropped(
  flood: Flood,
  what: FloodTurn['what'],
  all: Record<string, number>,
  start: FullRing['counts']['start'],
  counts: () => Promise<FullRing['counts']['start']>,
) {
  const ring = what === 'open' ? 'file' : 'network';
  let [full, made, times, fullTurns] = [start, 0, FIRST_TURN, 0];
  while (made < MOST[what]) {
    for (const [outcome, count] of Object.entries(await flood.make({ what, times })))
      all[outcome] = (all[outcome] ?? 0) + count;
    made += times;
    const before = full;
    full = await counts();
    const isFull =
      full === undefined ||
      before === undefined ||
      full.dropped[ring] - before.dropped[ring] >= MOST_DROPPED * times;
    fullTurns = isFull ? fullTurns + 1 : 0;
    if (fullTurns === FULL_TURNS || Object.keys(all).some((outcome) => outcome !== 'EPERM')) break;
    if (!isFull) times = Math.min(2 * times, LONGEST_TURN);
  }
  return full;
}

const refusedIn = (taken: readonly Taken[]) =>
  taken.filter(({ answer }) => typeof answer !== 'string' && answer.outcome === 'refused').length;

function droppedSince(
  start: FullRing['counts']['start'],
  end: FullRing['counts']['start'],
): number {
  if (start === undefined || end === undefined) return 0;
  return end.dropped.file + end.dropped.network - start.dropped.file - start.dropped.network;
}

function countsOf(scrape: Scrape): FullRing['counts']['start'] {
  if (!scrape.ok) return undefined;
  const sum = (name: string) => {
    const one = scrape.metrics.sum(name);
    return one.ok ? one.value : Number.NaN;
  };
  const file = sum('aegisbpf_ringbuf_drops_total');
  const network = sum('aegisbpf_net_ringbuf_drops_total');
  const decisions = sum('aegisbpf_blocks_total') + sum('aegisbpf_net_blocks_total');
  if (Number.isNaN(file + network + decisions)) return undefined;
  // By the command line it is always 0 (docs/agent-contract.md §0.9).
  const priority = scrape.source.startsWith('http') ? sum(PRIORITY_DROPS) : Number.NaN;
  return {
    ...{ dropped: { file, network }, decisions },
    ...(Number.isNaN(priority) ? {} : { priority }),
  };
}
