import type { Mode } from '../../agent/daemon-options.ts';
import { scrapeCommand } from '../../agent/scrape.ts';
import type { EventLog } from '../../agent/stream/event-log.ts';
import { countedScrape } from '../../coverage/counted-scrape.ts';
import { judgeRoutes, withoutIds, witnessOf } from '../../coverage/event-fields.ts';
import { type CountedTable, judgeCounters } from '../../coverage/judge-counters.ts';
import {
  type JudgedLine,
  judgeGroup,
  judgeLines,
  tableFile,
  wentUnseen,
  withoutRule,
} from '../../coverage/judge-lines.ts';
import { type Group, type Line, lineText } from '../../coverage/table.ts';
import { wantedEvent } from '../../coverage/wanted-event.ts';
import type { Watermark } from '../../coverage/watermark.ts';
import type { Finding } from '../../criteria/judgement.ts';
import { type Judgement, noEvidence } from '../../criteria/judgement.ts';
import type { Defect } from '../../settings/known-defects.ts';
import { othersIn } from '../../soak/counter-checks.ts';
import { unreadableLines } from '../../soak/invariants.ts';
import type { Witness } from '../../soak/result.ts';
import type { CanaryRun } from '../canary-run.ts';
import { tablesForget } from './agent-tables.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { filesArePrivate, listensWhereAsked } from './exposure.ts';
import { gaugesAreTrue } from './gauges.ts';
import { judgeDefect } from './known-defects.ts';
import { PhaseDaemon } from './phase-daemon.ts';

/** What it means where the routes of a group go through unseen: each has a name for KNOWN_DEFECTS. */
const FINDINGS: Partial<Record<Group, Finding & { readonly id: Defect }>> = {
  truncate: {
    id: 'truncate-by-path',
    title: 'truncate(2) empties a denied file',
    severity: 'high',
    reference: 'docs/agent-contract.md §9.2',
    detail:
      'truncate(2) by path emptied a file with a deny rule: its content is destroyed, and there is no event and no count of it',
  },
  'overlay-truncate': {
    id: 'truncate-through-overlay',
    title: 'O_TRUNC through an overlay replaces a denied file by an empty one',
    severity: 'high',
    reference: 'docs/agent-contract.md §9.1',
    detail:
      'an open with O_TRUNC through an overlay went to a lower file with a deny rule: who looks there sees an empty file, and there is no event and no count of it',
  },
  'accepted-peers': {
    id: 'accepted-peer',
    title: 'connections from a denied address are accepted',
    severity: 'high',
    reference: 'docs/agent-contract.md §9.1',
    detail:
      'a connection from an address with a deny rule was accepted, and there is no event and no count of it',
  },
  mapped: {
    id: 'v4-mapped-address',
    title: 'a denied IPv4 address is reached in its IPv6 form',
    severity: 'high',
    reference: 'docs/agent-contract.md §9.1',
    detail:
      'a connect to ::ffff:ADDRESS by an IPv6 socket went to an IPv4 address with a deny rule, and there is no event and no count of it',
  },
  unspec: {
    id: 'address-without-family',
    title: 'a denied address or port is reached by a call that names no address family',
    severity: 'high',
    reference: 'docs/agent-contract.md §9.1',
    detail:
      'a call with AF_UNSPEC, which the kernel takes for IPv4, went to an address or took a port with a deny rule, and there is no event and no count of it',
  },
  'misnamed-send': {
    id: 'misnamed-tcp-send',
    title: 'a connection to a denied address goes on under the name of another',
    severity: 'high',
    reference: 'docs/agent-contract.md §9.1',
    detail:
      'a send over a TCP connection to an address with a deny rule named another address, which TCP does not look at, and went to the denied one, and there is no event and no count of it: whoever has such a connection keeps it so',
  },
  'far-name': {
    id: 'name-hidden-by-long-path',
    title: 'a program of a denied name is started behind a long path',
    severity: 'high',
    reference: 'docs/agent-contract.md §9.1',
    detail:
      'a program of a denied name was started from a directory whose path has more than 49 characters, and there is no event and no count of it: whoever puts it there is free of [deny_comm]',
  },
  'short-address': {
    id: 'short-ipv6-address',
    title: 'a denied IPv6 address is reached by an address of 24 bytes',
    severity: 'high',
    reference: 'docs/agent-contract.md §9.1',
    detail:
      'a sendto with a sockaddr_in6 without its scope (RFC 2133), which the kernel takes, went to an IPv6 address with a deny rule, and there is no event and no count of it',
  },
};

interface TakenTable extends CountedTable {
  readonly witness: Witness;
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

  /** What the agent of this mode told; none where it did not get ready. */
  get streams(): readonly EventLog[] {
    return this.#daemon.stopped === undefined ? [] : [this.#daemon.stopped.events];
  }

  /** What came of each route, once they were taken. */
  async judged(): Promise<readonly JudgedLine[]> {
    if (this.#table === undefined) throw noEvidence('no route was taken with the candidate');
    return (await this.#table).judged;
  }

  /** As systemd stops a service; the soaks end as at a terminal. */
  stop(): Promise<Judgement> {
    return this.#daemon.stop('SIGTERM');
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
    return judgeCounters(await this.#taken(), this.#wanted, this.#file);
  }

  /** Every event line of a denied route tells what was tried, and who tried it; a line that is no event tells neither. */
  async eventFields(): Promise<Judgement> {
    const { witness, judged } = await this.#taken();
    const { defects } = this.#daemon.running.events;
    const fields = judgeRoutes(witness, this.#file);
    // Versions before 0.9 tell them otherwise.
    const isOwed = this.#subjects.promises.owedSections.length > 0 && fields.verdict === 'pass';
    return (
      unreadableLines(defects, this.#file) ??
      (isOwed ? withoutIds(judged, this.#file) : undefined) ??
      fields
    );
  }

  /** The agent of this mode, while it lives. */
  readonly daemon = () => this.#daemon.running;

  /** Nobody can reach the running agent but by the address that we gave it. */
  listeners(): Promise<Judgement> {
    return listensWhereAsked(this.#daemon.running);
  }

  /** What the running agent keeps is root's alone to change. */
  owners(): Judgement {
    return filesArePrivate(this.#daemon.running, this.#run.settings.HOST_ROOT);
  }

  /** What alerts rest on; the tables of rules once, for they are the same in both modes. A list that lacks rules says nothing of a gauge. */
  async gauges(): Promise<Judgement> {
    const isWhole = this.mode === 'enforce';
    const judged = await gaugesAreTrue(this.#run, this.#daemon.running, isWhole);
    const [missing] = this.#subjects.missing;
    if (judged.verdict === 'fail' && isWhole && missing !== undefined) throw withoutRule(missing);
    return judged;
  }

  /** Nothing of the agent's tables is left of what has ended. */
  tables(): Promise<Judgement> {
    return tablesForget(this.#run, this.#daemon.running);
  }

  readonly #wanted = (line: Line) => {
    const { made, merged } = this.#subjects;
    const { site, denied, scoped } = made;
    return wantedEvent(line, { site, denied: [...denied, scoped, ...merged] });
  };

  get #file(): string {
    return tableFile(this.mode);
  }

  /** The table is taken once, by whichever criterion comes first. */
  #taken(): Promise<TakenTable> {
    this.#table ??= this.#take();
    return this.#table;
  }

  async #take(): Promise<TakenTable> {
    const watermark = this.#subjects.watermark(this.#daemon.running.events);
    try {
      return await this.#takeBy(watermark);
    } finally {
      await watermark.end();
    }
  }

  async #takeBy(watermark: Watermark): Promise<TakenTable> {
    const { events } = watermark;
    const { directory, candidate } = this.#run;
    const others = () => othersIn(events.hostDecisions());
    // By the command line: the endpoint tells no counter by inode, address or port.
    const scrape = (when: string) => {
      const keep = (bytes: Uint8Array) =>
        directory.writeText(`coverage/${this.mode}/metrics-${when}.prom`, bytes);
      return countedScrape(() => scrapeCommand(candidate, keep), others, watermark);
    };
    const before = await scrape('before');
    const taken = await this.#subjects.take(watermark);
    const controls = watermark.controls();
    const after = await scrape('after');
    if (!this.#daemon.ready.isRunning())
      throw noEvidence('the agent ended while the routes were taken', { source: this.#file });
    const { notRun, promises, missingRule } = this.#subjects;
    const { hooks, features } = this.#daemon.ready.capabilities;
    const expectation = {
      ...{ mode: this.mode, notRun, hooks: { ...features, ...hooks }, promises },
      missingRule,
    };
    const judged = judgeLines(taken, expectation);
    const witness = witnessOf(judged, this.#wanted, this.mode);
    directory.writeJson(this.#file, {
      ...{ mode: this.mode, witness },
      lines: judged.map(({ verdict, text, taken: { line, answer, events } }) => ({
        ...{ kind: line.kind, route: line.route, group: line.group, expected: line.expected },
        ...{ words: lineText(line), verdict, text },
        ...{ answer, events: events.length },
      })),
    });
    return { judged, before, after, controls, witness };
  }
}
