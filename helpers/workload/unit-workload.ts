import { z } from 'zod';
import { outputText } from '../agent/command.ts';
import { hostTool, unitProperties } from '../changes/transient-unit.ts';
import { Waiters } from '../criteria/step-signal.ts';
import { type EndedProgram, startProgram } from '../host/program.ts';
import { counted } from '../text/counted.ts';
import type { Failure, WatchedWorkload } from './watched-workload.ts';

/** systemd restarts a unit after 100 ms at the soonest unless it is told otherwise (systemd.service(5)), and counts it. */
const BETWEEN_LOOKS_MS = 1000;
/** What takes longer to say that it is well is not. */
const HEALTH_TIMEOUT_MS = 10_000;
const JOURNAL_TIMEOUT_MS = 30_000;
/** A systemd that is busy for a moment says nothing of the unit; one that does not answer so often in a row does not work. */
const MOST_UNANSWERED = 5;
const KEPT_FAILURES = 100;
const KEPT_LINES = 1000;
const KEPT_WORDS = 300;

const PROPERTIES = [
  ...['LoadState', 'ActiveState', 'Result', 'ExecMainStatus'],
  ...['NRestarts', 'InvocationID', 'ActiveEnterTimestampMonotonic', 'SubState', 'Id'],
];

/** A service that reads its configuration again goes on working (systemctl(1), `refreshing` since systemd 257). */
const WORKING = ['active', 'reloading', 'refreshing'];

/** Of the operator's unit, and how it is asked. */
export interface UnitToWatch {
  /** As systemctl(1) calls it: `postgresql.service`. */
  readonly unit: string;
  /** Its own word on its health: a program by its whole path, and its arguments. */
  readonly health: readonly string[] | undefined;
  readonly hostRoot: string;
  /** No agent runs: what its journal tells now is its own. */
  readonly isAlone?: boolean | undefined;
  /** All that the health command gets. */
  readonly environment: Readonly<Record<string, string>>;
}

const howItEnded = ({ exitCode, signal, timedOut, notStarted }: EndedProgram): string => {
  if (timedOut) return `no answer within ${HEALTH_TIMEOUT_MS / 1000} s`;
  return notStarted?.message ?? signal ?? `exit ${exitCode}`;
};

const wordsOf = ({ stdout, stderr }: EndedProgram) =>
  `${stdout.toString('utf8')}${stderr}`.trim().slice(-KEPT_WORDS);

/**
 * A systemd unit of the operator's, looked at once a second: it is active, systemd has not restarted it, nobody else has, and its
 * own health command ends with exit code 0. When it is stopped, its journal is asked for entries of priority err and above, and these
 * are compared with as long before the first look. The unit itself is never started, stopped or changed.
 */
export class UnitWorkload implements WatchedWorkload {
  /** A unit does not end well; it goes on. */
  readonly completed = 0;
  failed = 0;
  readonly failures: Failure[] = [];
  readonly #of: UnitToWatch;
  readonly #lines: string[] = [];
  readonly #waiters = new Waiters();
  readonly #begunMs = performance.now();
  readonly #since = Date.now();
  readonly #stopping = Promise.withResolvers<void>();
  readonly #looking: Promise<void>;
  #isStopping = false;
  #looks = 0;
  #unanswered = 0;
  /** How long it had been active when it was first looked at. */
  #upMs = 0;
  #journal = '';
  #hasJournal = true;
  #last: ReadonlyMap<string, string> | undefined;

  constructor(of: UnitToWatch) {
    this.#of = of;
    this.#looking = this.#lookAgainAndAgain();
  }

  get output(): string {
    return this.#lines.map((line) => `${line}\n`).join('');
  }

  get told(): string {
    const by = this.#of.health === undefined ? '' : ', by its own health command too,';
    return `${this.#of.unit} was active and healthy${by} ${counted(this.#looks, 'time')} it was looked at${this.#journal}`;
  }

  async untilItEnds(timeoutMs: number): Promise<void> {
    await this.#waiters.until(() => this.failed > 0, timeoutMs);
  }

  trial(timeoutMs: number): Promise<void> {
    return this.untilItEnds(timeoutMs);
  }

  async stop(): Promise<void> {
    if (this.#isStopping) return this.#looking;
    this.#isStopping = true;
    this.#stopping.resolve();
    await this.#looking;
    await this.#judgeJournal();
  }

  /** A unit that was well when systemd last answered may be gone since. */
  get unwatched(): string | undefined {
    return this.#unanswered === 0
      ? undefined
      : `systemd gave no answer at the last ${counted(this.#unanswered, 'look')}`;
  }

  /** Its state alone is little to go by; its own word on its health is as good as its errors. */
  get untold(): string | undefined {
    return this.#hasJournal || this.#of.health !== undefined
      ? undefined
      : `stayed active, and the journal holds nothing of it at all, so nobody knows whether it logged an error: let journald keep its entries (Storage= in journald.conf, LogNamespace= of the unit), or set WORKLOAD_HEALTH_COMMAND`;
  }

  async #lookAgainAndAgain(): Promise<void> {
    while (!this.#isStopping) {
      await this.#look();
      const wait = Promise.withResolvers<void>();
      const timer = setTimeout(wait.resolve, BETWEEN_LOOKS_MS);
      await Promise.race([wait.promise, this.#stopping.promise]);
      clearTimeout(timer);
    }
  }

  async #look(): Promise<void> {
    const isFirst = this.#looks === 0;
    const state = await this.#ofSystemd();
    if (state === 'no answer') return;
    const health = state === undefined ? await this.#ofHealth() : undefined;
    this.#looks += 1;
    if (state !== undefined) this.#fail(state, '', this.#upMs, isFirst);
    else if (health !== undefined) this.#fail(health.end, health.words);
    else this.#note('active and healthy');
  }

  /** What is wrong with it, in words; `no answer` where that is known by the next look. */
  async #ofSystemd(): Promise<string | undefined> {
    const systemctl = hostTool(this.#of.hostRoot, 'systemctl');
    if (systemctl === undefined) return 'this host has no systemctl to ask';
    try {
      const now = await unitProperties(systemctl, this.#of.unit, PROPERTIES);
      this.#unanswered = 0;
      const before = this.#last ?? now;
      if (this.#last === undefined) this.#upMs = upMs(now);
      this.#last = now;
      return unitProblem(before, now) ?? this.#withoutProcess(now);
    } catch (error) {
      const why = `systemd cannot be asked: ${(error as Error).message}`;
      this.#unanswered += 1;
      if (this.#last === undefined || this.#unanswered >= MOST_UNANSWERED) return why;
      this.#note(why);
      return 'no answer';
    }
  }

  /** A unit that has done its work is active for ever, whatever becomes of what it has set up. */
  #withoutProcess(now: ReadonlyMap<string, string>): string | undefined {
    return this.#of.health === undefined && now.get('SubState') === 'exited'
      ? 'it has no process (SubState=exited), so that it is active shows nothing; set WORKLOAD_HEALTH_COMMAND'
      : undefined;
  }

  async #ofHealth() {
    const [program, ...args] = this.#of.health ?? [];
    if (program === undefined) return undefined;
    const limits = { env: this.#of.environment, timeoutMs: HEALTH_TIMEOUT_MS };
    const ended = await startProgram(program, args, limits).ended;
    if (ended.exitCode === 0) return undefined;
    return { end: `its health command: ${howItEnded(ended)}`, words: wordsOf(ended) };
  }

  /** Entries of its journal of priority err and above, each in one line. */
  #errors(fromMs: number, toMs: number): Promise<string[]> {
    // In whole seconds, as journalctl takes them: the last one is part of the time behind it.
    const [since, until] = [fromMs, toMs].map((ms) => `@${Math.floor(ms / 1000)}`);
    return this.#entries('--priority=err', `--since=${since}`, `--until=${until}`);
  }

  /** Entries of its journal, each in one line. @throws Error in one line when it cannot be read. */
  async #entries(...which: readonly string[]): Promise<string[]> {
    const tool = hostTool(this.#of.hostRoot, 'journalctl');
    if (tool === undefined) throw new Error('this host has no journalctl');
    // The journal knows a unit by its own name alone: of an alias, as mysql.service may be one, it has nothing.
    const unit = this.#last?.get('Id') || this.#of.unit;
    const args = [
      ...[`--unit=${unit}`, ...which],
      // A message of several lines is one entry. Without --all a long one is left out.
      ...['--output=json', '--output-fields=MESSAGE', '--all', '--quiet', '--no-pager'],
    ];
    const limits = { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' }, timeoutMs: JOURNAL_TIMEOUT_MS };
    const ended = await startProgram(tool, args, limits).ended;
    if (ended.exitCode !== 0) throw new Error(`journalctl: ${howItEnded(ended)} ${wordsOf(ended)}`);
    return ended.stdout
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map(messageOf);
  }

  async #judgeJournal(): Promise<void> {
    const now = Date.now();
    try {
      const beside = await this.#errors(this.#since, now + BETWEEN_LOOKS_MS);
      for (const line of beside) this.#note(`journal: ${line}`);
      const count = counted(beside.length, 'entry of priority err', 'entries of priority err');
      if (this.#of.isAlone === true) {
        if (beside.length > 0) this.#fail(`${count} in its journal`, beside[0] ?? '');
        return;
      }
      const lastedMs = now - this.#since;
      const before = await this.#errors(this.#since - lastedMs, this.#since);
      const told = `${count} in its journal, and ${before.length} in as long before`;
      this.#journal = `, with ${told}`;
      if (beside.length + before.length === 0) await this.#hasAny();
      if (beside.length <= before.length) return;
      // That time is what it is compared with, where it worked then: there is no need of another.
      const isKnown = this.#upMs >= lastedMs && areSurelyMore(beside.length, before.length);
      this.#fail(told, beside[0] ?? '', isKnown ? Number.POSITIVE_INFINITY : 0);
    } catch (error) {
      this.#fail(`its journal cannot be read: ${(error as Error).message}`, '');
    }
  }

  /** systemd itself logs each start of a unit: of one that has nothing, nothing is kept. */
  async #hasAny(): Promise<void> {
    this.#hasJournal = (await this.#entries('--lines=1')).length > 0;
    if (!this.#hasJournal) this.#journal = '; the journal holds nothing of it, and shows no errors';
  }

  /** @param workedMs how long it worked for all that is known, without the agent. */
  #fail(end: string, words: string, workedMs = 0, isStanding = false): void {
    this.failed += 1;
    this.#note(words === '' ? end : `${end}: ${words}`);
    const beside = Math.round(performance.now() - this.#begunMs);
    const ms = workedMs > 1.5 * beside ? 0 : beside;
    if (this.failures.length < KEPT_FAILURES)
      this.failures.push({
        ...{ at: new Date().toISOString(), end, words, ms },
        ...(isStanding ? { isStanding } : {}),
      });
    this.#waiters.wake();
  }

  #note(text: string): void {
    this.#lines.push(`${new Date().toISOString()} ${text}`);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
  }
}

/** MESSAGE of an entry: text, or the bytes of what is no UTF-8 (systemd.journal-fields(7), Journal JSON Format). */
const journalEntry = z.object({ MESSAGE: z.union([z.string(), z.array(z.int())]) });

/** The message of an entry as journalctl writes it; all of it where it has none. */
function messageOf(line: string): string {
  try {
    const { MESSAGE: message } = journalEntry.parse(JSON.parse(line));
    const text = typeof message === 'string' ? message : Buffer.from(message).toString('utf8');
    return outputText(text, KEPT_WORDS);
  } catch {
    return outputText(line, KEPT_WORDS);
  }
}

/** For how long it has been active, by the clock that systemd tells that by (CLOCK_MONOTONIC, as hrtime); 0 where it is not. */
function upMs(now: ReadonlyMap<string, string>): number {
  const sinceUs = Number(now.get('ActiveEnterTimestampMonotonic'));
  return sinceUs > 0 ? Number(process.hrtime.bigint() / 1_000_000n) - sinceUs / 1000 : 0;
}

/** What is wrong with a unit at a look, against the look before. */
function unitProblem(
  before: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
): string | undefined {
  const is = (name: string) => now.get(name) ?? '';
  if (is('LoadState') !== 'loaded')
    return `systemd has no such unit (LoadState=${is('LoadState')})`;
  if (!WORKING.includes(is('ActiveState')))
    return `it is ${is('ActiveState')} (Result=${is('Result')}, ExecMainStatus=${is('ExecMainStatus')})`;
  const restarts = Number(is('NRestarts')) - Number(before.get('NRestarts'));
  if (restarts > 0) return `systemd restarted it ${counted(restarts, 'time')}`;
  if (is('InvocationID') !== before.get('InvocationID')) return 'it was started again';
  return undefined;
}

/** One in a thousand, of a normal distribution. */
const RARELY = 3.09;

/** Whether so many in one span are more than chance, beside so many in one as long: a service logs an error now and then. */
export const areSurelyMore = (now: number, before: number): boolean =>
  now - before > RARELY * Math.sqrt(now + before);
