import { Document, isMap, isSeq } from 'yaml';
import type { Judgement } from '../criteria/judgement.ts';
import { RunDirectory } from '../evidence/run-directory.ts';
import { answered, judgeReview, standingOf } from '../review/judge-review.ts';
import { unusedKnownEvents } from '../review/known-events.ts';
import { tailGroup } from '../review/recorded-groups.ts';
import { type ReviewEntry, readReview, reviewText } from '../review/review-file.ts';
import { firstOf, lastOf } from '../review/review-groups.ts';
import type { KnownEvent } from '../settings/known-events.ts';
import { counted } from '../text/counted.ts';

const HEADER = ` Decisions of all hosts that nobody judged on the hosts themselves: what many hosts have stands here once.
 Judge them as in a run's review.yaml (docs/review.md), here or with \`npm run review -- DIRECTORY\`; then judge the
 hosts again with this file: npm run fleet -- --review DIRECTORY/review.yaml RUN…`;

/** A group that some host has open, as all of them have it together. */
interface OpenOnHosts {
  /** Of the first host, with all that its file says of it. */
  readonly entry: ReviewEntry;
  readonly written: unknown;
  readonly hosts: ReadonlySet<string>;
  readonly count: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
}

/** Hosts that an entry names. */
const MOST_NAMED = 5;

/** One review of many runs. What a host's own review settled is settled there, and stands nowhere else. */
export class FleetReview {
  readonly #known: readonly KnownEvent[];
  readonly #now: Date;
  readonly #open = new Map<string, OpenOnHosts>();

  /** @param known what a person said of groups, in a fleet's review or for an earlier release. */
  constructor(known: readonly KnownEvent[], now: Date) {
    this.#known = known;
    this.#now = now;
  }

  /** Gathers what a run has open, and judges its review by what was said here; undefined where nothing was said. */
  async judge(path: string, host: string): Promise<Judgement | undefined> {
    const run = new RunDirectory(path);
    const state = readReview(run);
    if (state.ok) {
      const list = state.document.get('groups');
      for (const [at, entry] of state.groups.entries()) {
        const node = isSeq(list) ? list.items[at] : undefined;
        if (this.#isOpen(entry)) this.#gather(entry, isMap(node) ? node.toJSON() : {}, host);
      }
    }
    return this.#known.length === 0 ? undefined : judgeReview(run, this.#now, this.#known);
  }

  #isOpen(entry: ReviewEntry): boolean {
    return ['open', 'expired'].includes(standingOf(entry, this.#now));
  }

  #gather(entry: ReviewEntry, written: unknown, host: string): void {
    // Each host's tail is another one: it is judged in the host's own review.
    if (entry.group === tailGroup(entry.phase)) return;
    const known = this.#open.get(entry.group) ?? {
      ...{ entry, written, hosts: new Set<string>(), count: 0 },
      ...{ firstSeen: entry.firstSeen, lastSeen: entry.lastSeen },
    };
    this.#open.set(entry.group, {
      ...known,
      hosts: new Set([...known.hosts, host]),
      count: known.count + entry.count,
      firstSeen: firstOf([known.firstSeen, entry.firstSeen]),
      lastSeen: lastOf([known.lastSeen, entry.lastSeen]),
    });
  }

  /** How many groups some host has open, and how many of them this review leaves open. */
  counts(): { groups: number; open: number } {
    const left = [...this.#open.values()].filter(({ entry }) => {
      const now = answered(entry, this.#known, this.#now);
      return standingOf(now, this.#now) !== 'settled';
    });
    return { groups: this.#open.size, open: left.length };
  }

  /** What was said and did nothing. */
  remarks(): readonly string[] {
    return unusedKnownEvents(this.#known, [...this.#open.keys()], this.#now);
  }

  /** The text of `review.yaml`, the groups of the most hosts first. */
  text(): string {
    const groups = [...this.#open.values()]
      .sort((a, b) => b.hosts.size - a.hosts.size || b.count - a.count)
      .map(({ entry, written, hosts, count, firstSeen, lastSeen }) => {
        const more = hosts.size - MOST_NAMED;
        return {
          ...(written as object),
          ...answered(entry, this.#known, this.#now),
          ...{ count, firstSeen, lastSeen },
          hosts: `${counted(hosts.size, 'host')}: ${[...hosts].slice(0, MOST_NAMED).join(', ')}${more > 0 ? `, and ${more} more` : ''}`,
        };
      });
    const document = new Document({ groups });
    document.commentBefore = HEADER;
    return reviewText(document);
  }
}
