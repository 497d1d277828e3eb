import type { BlockEvent, NetBlockEvent } from '../contract/events.ts';

/** Lines that a process of ours caused and that name a thing which is not ours. */
export interface MisnamedLines {
  /** `dev:ino N:N`, or the port. */
  readonly told: string;
  lines: number;
  /** The first of them. */
  readonly sample: string;
}

/** Of each process; a host's own rules may be met by ours as well. */
const MOST_THINGS = 16;
const MAX_SAMPLE_CHARACTERS = 500;

/** What arrived in place of the lines that ours should have caused. */
export class Misnamed {
  readonly #byPid = new Map<number, Map<string, MisnamedLines>>();

  add(pid: number, event: BlockEvent | NetBlockEvent, text: string): void {
    const things = this.#byPid.get(pid) ?? new Map<string, MisnamedLines>();
    this.#byPid.set(pid, things);
    const told =
      event.type === 'block'
        ? `dev:ino ${event.dev}:${event.ino}`
        : `port ${event.type === 'net_bind_block' ? event.local_port : event.remote_port}`;
    const known = things.get(told);
    if (known !== undefined) known.lines += 1;
    else if (things.size < MOST_THINGS)
      things.set(told, { told, lines: 1, sample: text.slice(0, MAX_SAMPLE_CHARACTERS) });
  }

  /** Of these processes together, the most lines first. */
  of(pids: Iterable<number>): readonly MisnamedLines[] {
    const sums = new Map<string, MisnamedLines>();
    for (const pid of pids) {
      for (const one of this.#byPid.get(pid)?.values() ?? []) {
        const { told, lines } = one;
        const sum = sums.get(told);
        if (sum !== undefined) sum.lines += lines;
        else sums.set(told, { ...one });
      }
    }
    return [...sums.values()].sort((a, b) => b.lines - a.lines);
  }
}
