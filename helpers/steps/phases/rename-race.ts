import type { ReadyDaemon } from '../../agent/daemon.ts';
import { scrapeEndpoint } from '../../agent/scrape.ts';
import { withoutRule } from '../../coverage/judge-lines.ts';
import {
  judgeRace,
  type RaceAnswer,
  type RaceOrder,
  raceAnswer,
} from '../../coverage/rename-race.ts';
import { ROUTES } from '../../coverage/table.ts';
import { type Judgement, NotApplicable, noEvidence } from '../../criteria/judgement.ts';
import { Waiters } from '../../criteria/step-signal.ts';
import { OwnProcess } from '../../workload/own-process.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';

const SCRIPT = new URL('../../coverage/rename-race-process.ts', import.meta.url);
const SOURCE = 'coverage/enforce/rename-race.json';
const OPENERS = 4;
/** An emulated host takes ten seconds to start one. */
const PATIENCE_MS = 120_000;
const EVENTS_MS = 10_000;
/** The same for an event too many. */
const QUIET_MS = 600;
const DROPS = 'aegisbpf_ringbuf_drops_total';

/** A process of the race, and what it says. */
class Racer {
  readonly #process: OwnProcess;
  readonly #waiters = new Waiters();
  readonly #said: RaceAnswer[] = [];

  constructor(order: RaceOrder, environment: Readonly<Record<string, string>>) {
    this.#process = new OwnProcess(SCRIPT, JSON.stringify(order), environment, (message) => {
      const parsed = raceAnswer.safeParse(message);
      if (parsed.success) this.#said.push(parsed.data);
      this.#waiters.wake();
    });
    void this.#process.ended.then(() => this.#waiters.wake());
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  tell(what: 'go' | 'stop'): void {
    if (this.#process.child.connected) this.#process.child.send(what);
  }

  /** @throws JudgementError (inconclusive) where it says something else, or nothing. */
  async says<K extends RaceAnswer['kind']>(kind: K): Promise<Extract<RaceAnswer, { kind: K }>> {
    const isIt = (answer: RaceAnswer): answer is Extract<RaceAnswer, { kind: K }> =>
      answer.kind === kind;
    const failed = () => this.#said.find((answer) => answer.kind === 'failed');
    await this.#waiters.until(
      () => this.#said.some(isIt) || failed() !== undefined,
      PATIENCE_MS,
      () => this.#process.isGone,
    );
    const answer = this.#said.find(isIt);
    if (answer !== undefined) return answer;
    const why = failed()?.why ?? this.#process.end;
    throw noEvidence(`a process of the rename race did not report what it met (${why})`, {
      source: SOURCE,
    });
  }

  kill(): void {
    this.#process.kill();
  }
}

/** A denied and a free file change places as fast as a process can, while others open both: only the denied one is refused. */
export async function renameRace(
  run: CanaryRun,
  { made, notRun, missing }: Pick<CoverageSubjects, 'made' | 'notRun' | 'missing'>,
  daemon: () => ReadyDaemon,
): Promise<Judgement> {
  const cannot = [...notRun].find(([line]) => line.startsWith(ROUTES.exchange));
  if (cannot !== undefined)
    throw new NotApplicable(`names cannot be exchanged on this host: ${cannot[1]}`);
  const { directory, file } = made.race;
  if (missing.includes(file.path)) throw withoutRule(file.path);
  const { events, metricsAddress } = daemon();
  const order = { directory, denied: String(file.ino) };
  const { environment } = run.candidate;
  const exchanger = new Racer({ role: 'exchange', ...order }, environment);
  const openers = Array.from(
    { length: OPENERS },
    () => new Racer({ role: 'open', ...order }, environment),
  );
  const all = [exchanger, ...openers];
  try {
    for (const one of all) await one.says('up');
    const told = openers.map(({ pid }) => (pid === undefined ? [] : events.watchProcess(pid)));
    const before = await dropsIn(metricsAddress);
    for (const one of all) one.tell('go');
    const opened = await Promise.all(openers.map((one) => one.says('opened')));
    exchanger.tell('stop');
    const { rounds } = await exchanger.says('exchanged');
    const refusals = opened.reduce((sum, { refused }) => sum + (refused.EPERM ?? 0), 0);
    const count = () => told.reduce((sum, lines) => sum + lines.length, 0);
    await events.until(() => count() >= refusals, EVENTS_MS);
    await events.until(() => count() > refusals, QUIET_MS);
    const after = await dropsIn(metricsAddress);
    // A counter that went backwards tells nothing.
    const dropped =
      before === undefined || after === undefined || after < before ? undefined : after - before;
    const racers = opened.map((one, index) => ({ opened: one, events: told[index] ?? [] }));
    run.directory.writeJson(SOURCE, {
      ...{ rounds, dropped },
      openers: racers.map((one) => ({ ...one.opened, events: one.events.length })),
    });
    return judgeRace(racers, rounds, file, dropped, SOURCE);
  } finally {
    for (const one of all) one.kill();
  }
}

/** Event lines that the agent says it lost until now; undefined where it does not say. */
async function dropsIn(metricsAddress: string): Promise<number | undefined> {
  const scrape = await scrapeEndpoint(metricsAddress);
  const sum = scrape.ok ? scrape.metrics.sum(DROPS) : undefined;
  return sum?.ok ? sum.value : undefined;
}
