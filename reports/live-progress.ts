import { join } from 'node:path';
import type { Reporter } from 'vitest/node';
import { RunDirectory } from '../helpers/evidence/run-directory.ts';
import { readRunRecord } from '../helpers/evidence/run-record.ts';
import { SampleTail, type SoakProgress } from './sample-tail.ts';

const TICK_MS = 1000;
/** In a log that nobody watches, a line now and then shows that the soak is alive. */
const LOG_EVERY_MS = 30_000;
const CLEAR_LINE = '\r\u001b[2K';
const PHASES = ['audit', 'enforce'] as const;

const clock = (seconds: number) => {
  const two = (value: number) => String(value).padStart(2, '0');
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours === 0 ? rest : `${hours}:${rest}`;
};

const figure = (value: number | undefined) =>
  value === undefined ? '?' : Math.round(value).toLocaleString('en');

/** A counter's growth; a figure that is missing stays missing. */
function grown(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : to - from;
}

/** `audit 00:42/05:00  21,000 decisions  500/s  drops 0  denied 0  RSS 7.5 MB` */
function liveLine(
  phase: (typeof PHASES)[number],
  { first, previous, latest }: SoakProgress,
  durationSeconds: number,
): string {
  const seconds = (latest.elapsedMs - previous.elapsedMs) / 1000;
  const decided = grown(previous.decisions, latest.decisions);
  const rate = decided === undefined || seconds <= 0 ? undefined : decided / seconds;
  // What must not happen: an audit that denies, an enforce that lets through.
  const wrong = phase === 'audit' ? `denied ${latest.denied}` : `misses ${latest.allowed}`;
  const rss = latest.rssKb === undefined ? '?' : (latest.rssKb / 1000).toFixed(1);
  return [
    `${phase} ${clock(latest.elapsedMs / 1000)}/${clock(durationSeconds)}`,
    `${figure(grown(first.decisions, latest.decisions))} decisions`,
    `${figure(rate)}/s`,
    `drops ${figure(grown(first.drops, latest.drops))}`,
    wrong,
    `RSS ${rss} MB`,
    ...(latest.scrapeError === undefined ? [] : ['no metrics']),
  ].join('  ');
}

/**
 * How a soak is going, on stderr: one line rewritten each second on a terminal, one line each half
 * minute in a log. First in the list of reporters, so that its line is gone before others write.
 */
export default class LiveProgress implements Reporter {
  readonly #path: string;
  readonly #terminal: boolean;
  readonly #tails: ReadonlyMap<(typeof PHASES)[number], SampleTail>;
  #timer: NodeJS.Timeout | undefined;
  #isOnScreen = false;
  #loggedMs = 0;
  #durationSeconds: number | undefined;

  constructor(options: { runDirectory: string; terminal?: boolean }) {
    this.#path = options.runDirectory;
    // CI is what build servers set; some of them pretend to be a terminal.
    this.#terminal =
      options.terminal ??
      (process.stdout.isTTY && process.stderr.isTTY && process.env.CI === undefined);
    this.#tails = new Map(
      PHASES.map((phase) => [phase, new SampleTail(join(this.#path, phase, 'samples.ndjson'))]),
    );
  }

  onTestRunStart(): void {
    // A finished run that is judged again has samples, and nothing is going on.
    for (const tail of this.#tails.values()) tail.next();
    this.#timer = setInterval(() => this.tick(), TICK_MS).unref();
    // An interrupted run ends here: what is then said of the undoing begins on a line of its own.
    process.once('exit', () => this.#clear());
  }

  // Whoever writes next finds the line gone.
  readonly onTestModuleStart = () => this.#clear();
  readonly onTestModuleEnd = () => this.#clear();
  readonly onTestCaseResult = () => this.#clear();
  readonly onUserConsoleLog = () => this.#clear();

  onTestRunEnd(): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  /** Shows what is new since the last tick. */
  tick(): void {
    for (const [phase, tail] of this.#tails) {
      const progress = tail.next();
      if (progress === undefined) continue;
      const run = new RunDirectory(this.#path);
      this.#durationSeconds ??= Number(readRunRecord(run)?.settings.DURATION_SECONDS);
      const line = liveLine(phase, progress, this.#durationSeconds);
      if (this.#terminal) this.#rewrite(line);
      else this.#log(line, progress.latest.elapsedMs);
    }
  }

  #rewrite(line: string): void {
    // A line that wraps could not be taken back.
    // A terminal that does not know its size says 0.
    const columns = Math.max(20, (process.stderr.columns || 80) - 1);
    process.stderr.write(`${CLEAR_LINE}${line.slice(0, columns)}`);
    this.#isOnScreen = true;
  }

  #log(line: string, elapsedMs: number): void {
    // A new soak's clock begins again.
    if (elapsedMs < this.#loggedMs) this.#loggedMs = 0;
    if (elapsedMs - this.#loggedMs < LOG_EVERY_MS) return;
    this.#loggedMs = elapsedMs;
    process.stderr.write(`${line}\n`);
  }

  #clear(): void {
    if (!this.#isOnScreen) return;
    process.stderr.write(CLEAR_LINE);
    this.#isOnScreen = false;
  }
}
