import { randomUUID } from 'node:crypto';
import { appendFileSync, statSync, truncateSync } from 'node:fs';
import type { RunDirectory } from '../helpers/evidence/run-directory.ts';
import type { RunRecord } from '../helpers/evidence/run-record.ts';
import { capped, oneLine } from './clean-text.ts';
import { RunReport } from './report-step.ts';
import { DETAILS_FILE, type Ticket, ticketText } from './ticket.ts';
import { detailsText } from './ticket-details.ts';
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

/** One workflow command a line for what keeps the run from being a pass: the causes, not what follows. */
export function annotations({ run, verdict }: Pick<Ticket, 'run' | 'verdict'>): string[] {
  const stamp = run.rehearsal.length > 0 ? 'REHEARSAL ' : '';
  const problems = [
    ...verdict.errors.map((error) => ({ title: 'ERROR outside of every criterion', text: error })),
    ...verdict.notPassed.map(({ spec, name, state, message }) => ({
      title: `${state.toUpperCase()} ${spec}: ${name}`,
      text: message ?? state,
    })),
    ...verdict.causes.map(({ verdict: ended, section, title, explanation }) => ({
      title: `${ended.toUpperCase()} ${section}: ${title}`,
      text: explanation,
    })),
    ...(verdict.missing.length > 0 && verdict.errors.length === 0
      ? [{ title: `NOT JUDGED ${verdict.missing.length}`, text: verdict.missing.join(', ') }]
      : []),
    ...verdict.unwritten.map((problem) => ({ title: 'NOT WRITTEN', text: problem })),
  ];
  return problems
    .slice(0, MOST_ANNOTATIONS)
    .map(({ title, text }) => `::error title=${property(`${stamp}${title}`)}::${data(text)}`);
}

/** The ticket with its details folded below it. Charts and links lie in the run directory, where the job's page cannot show them from. */
export function jobSummary(ticket: Ticket): string {
  const details = detailsText({ ...ticket, charts: [] });
  return `${ticketText(ticket, `Below, and in ${DETAILS_FILE}`)}\n<details><summary>Details</summary>\n\n${details}\n</details>\n`;
}

/** On GitHub Actions only: annotations, and the ticket as the job's summary. */
export default class GithubReporter extends RunReport {
  protected override readonly title = 'the GitHub job summary';
  readonly #active = process.env.GITHUB_ACTIONS === 'true';
  /** Whatever the agent prints while commands are stopped is text, not a command to the runner. */
  readonly #token = randomUUID();
  readonly #told = new Set<string>();
  #summaryBefore: number | undefined;

  onInit(): void {
    if (!this.#active) return;
    process.stdout.write(`::stop-commands::${this.#token}\n`);
    process.once('exit', () => process.stdout.write(`::${this.#token}::\n`));
  }

  override onTestRunEnd(): void {
    if (this.#active) super.onTestRunEnd();
  }

  protected override write(run: RunRecord, directory: RunDirectory): void {
    const ticket = ticketOf(run, directory);
    const lines = annotations(ticket).filter((line) => !this.#told.has(line));
    for (const line of lines) this.#told.add(line);
    // What comes before and after us may show the agent's text.
    process.stdout.write(
      [`\n::${this.#token}::`, ...lines, `::stop-commands::${this.#token}\n`].join('\n'),
    );
    const summary = process.env.GITHUB_STEP_SUMMARY;
    if (summary === undefined || summary === '') return;
    const before = statSync(summary, { throwIfNoEntry: false })?.size ?? 0;
    this.#summaryBefore ??= before;
    // A verdict that changed replaces what was written of it.
    if (before > this.#summaryBefore) truncateSync(summary, this.#summaryBefore);
    appendFileSync(summary, jobSummary(ticket));
  }
}
