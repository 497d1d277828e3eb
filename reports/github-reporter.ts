import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import type { Reporter } from 'vitest/node';
import { capped, oneLine } from './clean-text.ts';
import { readRun } from './records.ts';
import { reportStep } from './report-step.ts';
import { type Ticket, ticketText } from './ticket.ts';
import { ticketOf } from './ticket-reporter.ts';

/** GitHub shows at most ten annotations of a kind for a step. */
const MOST_ANNOTATIONS = 10;
const MAX_MESSAGE = 500;

// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
const data = (text: string) =>
  capped(oneLine(text), MAX_MESSAGE)
    .replaceAll('%', '%25')
    .replaceAll('\r', '')
    .replaceAll('\n', '');
const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

/** One workflow command a line for the criteria that are not a pass, causes before what follows. */
export function annotations({ run, status }: Pick<Ticket, 'run' | 'status'>): string[] {
  const stamp = run.rehearsal.length > 0 ? 'REHEARSAL ' : '';
  const judged = status.open.filter(({ verdict }) => verdict !== 'skipped');
  const causes = judged.filter(({ id }) => !id.startsWith('exit.'));
  const shown = (causes.length > 0 ? causes : judged).slice(0, MOST_ANNOTATIONS);
  return shown.map(
    ({ verdict, section, title, explanation }) =>
      `::error title=${property(`${stamp}${verdict.toUpperCase()} ${section}: ${title}`)}::${data(explanation)}`,
  );
}

/** On GitHub Actions only: annotations, and the ticket as the job's summary. */
export default class GithubReporter implements Reporter {
  readonly #path: string;
  readonly #active: boolean;
  /** Whatever the agent prints while commands are stopped is text, not a command to the runner. */
  readonly #token = randomUUID();

  constructor(options: { runDirectory: string }) {
    this.#path = options.runDirectory;
    this.#active = process.env.GITHUB_ACTIONS === 'true';
  }

  onInit(): void {
    if (!this.#active) return;
    process.stdout.write(`::stop-commands::${this.#token}\n`);
    process.once('exit', () => process.stdout.write(`::${this.#token}::\n`));
  }

  onTestRunEnd(): void {
    if (!this.#active) return;
    process.stdout.write(`\n::${this.#token}::\n`);
    const run = readRun(this.#path);
    if (run === undefined) return;
    reportStep(this.#path, 'the GitHub job summary', () => {
      const ticket = ticketOf(run, this.#path);
      for (const line of annotations(ticket)) process.stdout.write(`${line}\n`);
      const summary = process.env.GITHUB_STEP_SUMMARY;
      // Charts lie in the run directory, where the job's page cannot show them from.
      if (summary !== undefined && summary !== '')
        appendFileSync(summary, ticketText({ ...ticket, charts: [] }));
    });
    // What comes after us may show the agent's text again.
    process.stdout.write(`::stop-commands::${this.#token}\n`);
  }
}
