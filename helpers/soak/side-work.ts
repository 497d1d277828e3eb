import type { NamedThread } from '../agent/stream/cross-examination.ts';
import type { Decisions } from '../agent/stream/watched-decisions.ts';
import type { RouteCounts } from '../workload/attempt-counts.ts';
import { NAME_CHARACTERS } from '../workload/programs.ts';
import type { Task, Workload } from '../workload/workload.ts';

/** One way to the subject of a side work, and what its event lines must tell. */
export interface SideRoute extends NamedThread {
  readonly name: string;
  /** Of a call on a socket. */
  readonly call?: 'connect' | 'send' | 'bind' | undefined;
}

/** Work beside the main one: many routes to one denied file or port, taken in turn. */
export interface SideSubject {
  /** Of its worker. */
  readonly name: 'operations' | 'network';
  readonly script: URL;
  readonly task: Task;
  readonly routes: readonly SideRoute[];
  /** What this host or version cannot try, in words, and what this start does not have that it promises. */
  readonly notRun: readonly string[];
  readonly missing: readonly string[];
  /** What the kernel counts its decisions by. */
  readonly counted: { readonly dev: number; readonly ino: number } | { readonly port: number };
  /** Programs that its worker starts, as the lines of their starts may call them. */
  readonly startedNames: readonly string[];
  /** Its event lines. */
  readonly decisions: Decisions;
}

/** A thread's name as events carry it. */
const named = (name: string) => name.slice(0, NAME_CHARACTERS);

/** Threads that act for the worker on a route, besides the one that bears its name: of Node's pool, and of io_uring. */
const OTHER_THREADS: Readonly<Record<string, (pid: number) => string>> = {
  thread: () => 'libuv-worker',
  'io-uring': (pid) => `iou-wrk-${pid}`,
};

/** One side work of a soak, by a worker of its own. */
export class SideWork {
  readonly subject: SideSubject;
  readonly workload: Workload;
  readonly #linesBefore: number;

  constructor(subject: SideSubject, workload: Workload) {
    const { routes, decisions, startedNames } = subject;
    this.subject = subject;
    this.workload = workload;
    this.#linesBefore = decisions.ownLines;
    const byName = new Map(
      routes.flatMap((route) => this.#namesOf(route).map((name) => [name, route] as const)),
    );
    // What a worker starts bears the name of the route before it takes its own.
    const started = [...byName.keys(), ...startedNames.map(named)];
    decisions.expect({ byName, startedNames: started });
  }

  get counts() {
    return this.workload.counts();
  }

  /** What came of each route so far. */
  get byRoute(): readonly (RouteCounts & Pick<SideRoute, 'name' | 'call'>)[] {
    const counted = this.counts.routes ?? {};
    return this.subject.routes.flatMap(({ name, call }) => {
      const counts = counted[name];
      return counts === undefined ? [] : [{ ...counts, name, call }];
    });
  }

  /** Event lines of our own processes since the soak began. */
  get ownLines(): number {
    return this.subject.decisions.ownLines - this.#linesBefore;
  }

  /** The same by route, as far as their names tell. */
  get linesByRoute(): Readonly<Record<string, number>> {
    const { routes, decisions } = this.subject;
    const lines = (name: string) => decisions.byName.get(name) ?? 0;
    return Object.fromEntries(
      routes.map((route) => [
        route.name,
        this.#namesOf(route).reduce((sum, name) => sum + lines(name), 0),
      ]),
    );
  }

  /** Calls on sockets are counted by port, all else by inode. */
  get isNetwork(): boolean {
    return 'port' in this.subject.counted;
  }

  #namesOf({ name }: SideRoute): readonly string[] {
    const other = OTHER_THREADS[name];
    const more = other === undefined ? [] : this.workload.pids().map(other);
    return [named(name), ...more];
  }
}
