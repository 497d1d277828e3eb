import type { Mode } from '../../agent/daemon-options.ts';
import { type Scrape, scrapeEndpoint } from '../../agent/scrape.ts';
import {
  type JudgedLine,
  judgeGroup,
  judgeLine,
  tableFile,
  wentUnseen,
} from '../../coverage/judge-lines.ts';
import { type Group, lineText } from '../../coverage/table.ts';
import type { Finding } from '../../criteria/judgement.ts';
import { fail, inconclusive, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { DECISION_FAMILIES, DROP_FAMILIES, scrapeDelta } from '../../soak/counters.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { judgeDefect } from './known-defects.ts';
import { PhaseDaemon } from './phase-daemon.ts';

const SCRAPE_MS = 10_000;

/** What it means where the routes of a group go through unseen: each has a name for KNOWN_DEFECTS. */
const FINDINGS: Partial<Record<Group, Finding & { readonly id: string }>> = {
  truncate: {
    id: 'truncate-by-path',
    title: 'truncate(2) empties a denied file',
    severity: 'high',
    reference: 'docs/agent-contract.md §9.2',
    detail:
      'truncate(2) by path emptied a file with a deny rule: its content is destroyed, and there is no event and no count of it',
  },
  mapped: {
    id: 'v4-mapped-address',
    title: 'a denied IPv4 address is reached in its IPv6 form',
    severity: 'high',
    reference: 'docs/agent-contract.md §9.1',
    detail:
      'a connect to ::ffff:ADDRESS by an IPv6 socket went to an IPv4 address with a deny rule, and there is no event and no count of it',
  },
};

interface TakenTable {
  readonly judged: readonly JudgedLine[];
  readonly before: Scrape;
  readonly after: Scrape;
  /** Decisions of others in the meantime. */
  readonly others: number;
}

/** The coverage phase in one mode: one start of the agent, and the whole table taken once. */
export class CoverageMode {
  readonly mode: Mode;
  readonly #run: CanaryRun;
  readonly #subjects: CoverageSubjects;
  readonly #daemon: PhaseDaemon;
  #table: Promise<TakenTable> | undefined;

  constructor(run: CanaryRun, subjects: CoverageSubjects, mode: Mode) {
    this.mode = mode;
    this.#run = run;
    this.#subjects = subjects;
    // The errno is what is compared here; the signal is tried in the enforce phase.
    this.#daemon = new PhaseDaemon(run, mode, `coverage/${mode}`, 'none');
  }

  start(): Promise<Judgement> {
    return this.#daemon.start();
  }

  stop(): Promise<Judgement> {
    return this.#daemon.stop();
  }

  cleanUp(): Promise<void> {
    return this.#daemon.cleanUp();
  }

  /** One criterion: a group of the table. What goes through unseen may be a finding with a name. */
  async group(group: Group): Promise<Judgement> {
    const { judged } = await this.#taken();
    const judgement = judgeGroup(judged, group, this);
    const finding = FINDINGS[group];
    if (finding === undefined || judgement.verdict !== 'fail' || !wentUnseen(judged, group))
      return judgement;
    const { id, detail, ...what } = finding;
    return judgeDefect(
      this.#run.settings,
      id,
      { ...what, detail: `in ${this.mode} mode ${detail}` },
      { value: 'passed, no event', limit: 'one decision', source: this.#file },
    );
  }

  /** Event lines and the agent's counters agree, for the table as a whole. */
  async accounting(): Promise<Judgement> {
    const table = await this.#taken();
    const { judged, others } = table;
    const decided = scrapeDelta(table, DECISION_FAMILIES);
    if (!decided.known) return inconclusive(decided.reason, { source: decided.source });
    const drops = scrapeDelta(table, DROP_FAMILIES);
    if (!drops.known) return inconclusive(drops.reason, { source: drops.source });
    const lines = judged.reduce((sum, { taken }) => sum + taken.events.length, 0);
    // An attempt without its event is the concern of its own criterion.
    const text = `${lines} event lines of our processes, ${decided.value} decisions counted${others === 0 ? '' : `, ${others} of them on others`}, ${drops.value} drops`;
    const value = decided.value - others;
    const source = `${this.#file}; ${decided.source}`;
    const measured = { value, limit: lines, unit: 'decisions', source };
    if (lines === 0) return inconclusive(`${text}: there is nothing to compare`, measured);
    return value === lines && drops.value === 0
      ? pass(text, measured)
      : fail(`${text}: they do not agree`, measured);
  }

  get #file(): string {
    return tableFile(this.mode);
  }

  /** The table is taken once, by whichever criterion comes first. */
  #taken(): Promise<TakenTable> {
    this.#table ??= this.#take();
    return this.#table;
  }

  async #take(): Promise<TakenTable> {
    const { events, metricsAddress } = this.#daemon.running;
    const others = () => events.hostDecisions().reduce((sum, { count }) => sum + count, 0);
    const [before, othersBefore] = [await scrapeEndpoint(metricsAddress, SCRAPE_MS), others()];
    const taken = await this.#subjects.take(events);
    const after = await scrapeEndpoint(metricsAddress, SCRAPE_MS);
    if (!this.#daemon.ready.isRunning())
      throw noEvidence('the agent ended while the routes were taken', { source: this.#file });
    const { made, notRun } = this.#subjects;
    const deniedFiles = new Set(made.denied.map(({ dev, ino }) => `${dev}:${ino}`));
    const { hooks } = this.#daemon.ready.capabilities;
    const expectation = { mode: this.mode, notRun, deniedFiles, hooks };
    const judged = taken.map((one) => judgeLine(one, expectation));
    this.#run.directory.writeJson(this.#file, {
      mode: this.mode,
      lines: judged.map(({ verdict, text, taken: { line, answer, events } }) => ({
        ...{ kind: line.kind, route: line.route, group: line.group, expected: line.expected },
        ...{ words: lineText(line), verdict, text },
        ...{ answer, events: events.length },
      })),
    });
    return { judged, before, after, others: others() - othersBefore };
  }
}
