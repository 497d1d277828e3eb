import type { EventLog } from '../agent/stream/event-log.ts';
import { readProcessFacts } from '../host/process-facts.ts';
import type { Probe } from './probe.ts';
import type { Line } from './table.ts';
import type { Taken } from './taken.ts';

/** A denied file and a denied address: an agent may have a ring for each. */
const CONTROLS: readonly Line[] = [
  { kind: 'network', route: 'read', group: 'controls', expected: 'denied' },
  { kind: 'network', route: 'udp-connect', group: 'controls', expected: 'denied' },
];
/**
 * An agent without a hook never tells one of them. Where the other is told, it is waited for behind routes no longer once nothing of it came in so many
 * waits, each this long.
 */
const MUTE_AFTER = { waits: 3, eachMs: 2500 } as const;

/**
 * Tells when no event of what a process of ours did can be under way any more. A ring gives its records in the order in which
 * they were reserved, whatever processor did so, and one thread of the agent reads them: once the events of controls have come
 * that began after a route had returned, so have the route's.
 */
export class Watermark {
  readonly events: EventLog;
  readonly #probe: Pick<Probe, 'up' | 'take' | 'end'>;
  #told: Taken['events'] = [];
  #actor: Taken['actor'];
  #taken = 0;
  #inVain = 0;
  #now: Promise<unknown> = Promise.resolve();
  #next: Promise<number> | undefined;

  /** @param probe takes the controls, and nothing else. */
  constructor(events: EventLog, probe: Pick<Probe, 'up' | 'take' | 'end'>) {
    this.events = events;
    this.#probe = probe;
  }

  /**
   * Waits until everything is told that was decided before this call, or until `holds` does.
   * @param isBehindRoute a control of which nothing was ever told is not waited for behind each route.
   * @returns false where that is not known after so long: an event of a control did not come, or one too many.
   */
  async passed(
    withinMs: number,
    holds: () => boolean = () => false,
    isBehindRoute = false,
  ): Promise<boolean> {
    const end = performance.now() + withinMs;
    // Who asks while controls are taken began before those that come next.
    this.#next ??= this.#now.then(() => this.#take());
    this.#now = this.#next;
    const due = await this.#next;
    const isTold = (controls: ReturnType<Watermark['controls']>) =>
      controls.every(({ events }) => due <= events.length && events.length <= this.#taken);
    const awaited = () => {
      const heard = this.controls().filter(({ events }) => events.length > 0);
      const isMute = isBehindRoute && heard.length > 0 && this.#inVain >= MUTE_AFTER.waits;
      return isMute ? heard : this.controls();
    };
    const begun = performance.now();
    await this.events.until(() => isTold(awaited()) || holds(), end - begun);
    const isPassed = isTold(this.controls());
    if (!isPassed && performance.now() - begun >= MUTE_AFTER.eachMs) this.#inVain += 1;
    return isPassed;
  }

  /** What was told of the controls until now, as of lines of the table. */
  controls(): readonly Pick<Taken, 'line' | 'events' | 'actor'>[] {
    return CONTROLS.map((line) => ({
      ...{ line, actor: this.#actor },
      events: this.#told.filter(({ type }) => (type === 'block') === (line.route === 'read')),
    }));
  }

  end(): Promise<void> {
    return this.#probe.end();
  }

  /** @returns how many events of each control there are once those of these have come. */
  async #take(): Promise<number> {
    this.#next = undefined;
    const pid = await this.#probe.up();
    if (typeof pid === 'string') return Number.POSITIVE_INFINITY;
    if (this.#actor === undefined) {
      this.#told = this.events.watchProcess(pid);
      const process = readProcessFacts(pid);
      this.#actor = process && { kind: 'process', process, parent: undefined };
    }
    this.#taken += 1;
    for (const { route } of CONTROLS) await this.#probe.take(route);
    return this.#taken;
  }
}
