import type { KeyObject } from 'node:crypto';
import { entryOf, SECTIONS } from '../criteria/catalogue.ts';
import { type FleetSummary, type HostOfFleet, hostLabel } from '../evidence/fleet-summary.ts';
import type { CriterionRecord } from '../evidence/run-directory.ts';
import { readSealed } from '../evidence/sealed-run.ts';
import { CannotBegin } from '../settings/cannot-begin.ts';
import { readKnownEvents } from '../settings/known-events.ts';
import { PHASES } from '../settings/settings.ts';
import { counted } from '../text/counted.ts';
import { inOneLine } from '../text/escaped-character.ts';
import { FleetReview } from './fleet-review.ts';
import { type JudgedHost, judgedHosts, worstStatus } from './hosts.ts';
import { type AskedHost, hostsOf, isHost } from './hosts-file.ts';
import { FEWEST_HOSTS, outliers } from './outliers.ts';
import { factsOf, type RunFacts, type Titles } from './run-facts.ts';

type Verdict = CriterionRecord['verdict'];

/** Many runs, judged together, and what the reports show besides. */
export interface JudgedFleet {
  readonly summary: FleetSummary;
  /** Of each host of the summary, in its order, what is known of each criterion. */
  readonly verdicts: readonly ReadonlyMap<string, Verdict>[];
  /** Text of `review.yaml`. */
  readonly review: string;
}

export interface FleetOptions {
  /** A file that names the hosts that are expected. */
  readonly hosts?: string | undefined;
  /** A review that a fleet wrote, or one of an earlier release. */
  readonly review?: string | undefined;
  /** Public keys; a run that none of them signed is no evidence then. */
  readonly keys: readonly KeyObject[];
  /** Called behind each run, for whoever waits. */
  readonly onRun?: (done: number) => void;
}

interface Read {
  readonly runs: readonly RunFacts[];
  readonly refused: FleetSummary['refusedRuns'];
  readonly notes: readonly string[];
}

/** Reads run by run, so that memory does not grow with the evidence. */
async function readRuns(
  paths: readonly string[],
  options: FleetOptions,
  review: FleetReview,
  titles: Titles,
): Promise<Read> {
  const runs = new Map<string, RunFacts>();
  const refused: Read['refused'] = [];
  const notes: string[] = [];
  for (const [at, directory] of paths.entries()) {
    const state = await readSealed(directory, options.keys);
    const refuse = (why: string) => refused.push({ directory, why: inOneLine(why) });
    if (!state.ok) refuse(state.why);
    else {
      const first = runs.get(state.run.manifestSha256)?.told.directory;
      if (first !== undefined) notes.push(`${directory} and ${first} are the same run`);
      else
        await factsOf(state.run, review, titles).then(
          (facts) => runs.set(facts.told.manifestSha256, facts),
          (error: Error) => refuse(error.message),
        );
    }
    options.onRun?.(at + 1);
  }
  return { runs: [...runs.values()], refused, notes };
}

/** @throws CannotBegin when the runs judged different binaries or BPF objects. */
function oneCandidate({ runs, refused }: Read): RunFacts {
  const kinds = Map.groupBy(runs, ({ candidateSha256, objects }) =>
    [candidateSha256, ...objects].join(' '),
  );
  const [first, ...others] = [...kinds.values()].sort((a, b) => b.length - a.length);
  const [one] = first ?? [];
  if (one === undefined || first === undefined)
    throw new CannotBegin(
      `none of these is a sealed run, so there is nothing to judge: ${refused.map(({ directory, why }) => `${directory}: ${why}`).join('; ')}`,
    );
  if (others.length > 0)
    throw new CannotBegin(
      `these runs do not judge one candidate: ${counted(first.length, 'run')} of ${one.candidateSha256} with BPF objects ${one.objects.join(', ') || 'none'}; ${others
        .map(
          (of) =>
            `${counted(of.length, 'run')} of ${of[0]?.candidateSha256} with BPF objects ${of[0]?.objects.join(', ') || 'none'}, the first is ${of[0]?.told.directory}`,
        )
        .join('; ')}`,
    );
  return one;
}

function criteriaOf(hosts: readonly JudgedHost[], titles: Titles): FleetSummary['criteria'] {
  const sections = Object.keys(SECTIONS);
  const ids = [...new Set(hosts.flatMap(({ verdicts }) => [...verdicts.keys()]))];
  const rows = ids.map((id) => {
    const of = (verdict: Verdict) =>
      hosts.filter(({ verdicts }) => verdicts.get(id) === verdict).length;
    const known = titles.get(id) ?? entryOf(id);
    return {
      ...{ id, section: known?.section ?? '', title: known?.title ?? id },
      ...{ fail: of('fail'), inconclusive: of('inconclusive') },
      ...{ skipped: of('skipped'), pass: of('pass') },
    };
  });
  return rows.sort((a, b) => sections.indexOf(a.section) - sections.indexOf(b.section));
}

function notesOf(hosts: readonly HostOfFleet[], asked: readonly AskedHost[], read: Read) {
  const notes = [...read.notes];
  for (const host of hosts) {
    const left = host.runs.filter(({ counts }) => !counts);
    if (left.length > 0)
      notes.push(
        `${hostLabel(host)}: the latest run counts; earlier ones of the same phases: ${left.map(({ startedAt, status }) => `${startedAt} ${status}`).join(', ')}`,
      );
    if (asked.length > 0 && !asked.some((one) => isHost(one, host.name)))
      notes.push(`${hostLabel(host)} is not in the list of hosts; it counts`);
  }
  const phases = Map.groupBy(hosts, (host) => host.asked.join(', ') || 'preconditions');
  if (phases.size > 1)
    notes.push(
      `hosts have different phases: ${[...phases].map(([names, of]) => `${names}: ${counted(of.length, 'host')}`).join('; ')}`,
    );
  const suites = new Set(read.runs.map(({ run }) => run.suite?.sha256 ?? 'unknown'));
  if (suites.size > 1) notes.push(`${suites.size} different suites judged these runs`);
  const small = [...Map.groupBy(hosts, ({ hostClass }) => hostClass).values()].filter(
    (of) => of.length < FEWEST_HOSTS,
  );
  if (small.length > 0)
    notes.push(
      `${counted(small.length, 'host class has', 'host classes have')} fewer than ${FEWEST_HOSTS} hosts: no outliers are looked for there`,
    );
  return notes;
}

/** A pass of hosts on which nothing of the cost could be told says nothing of it. */
function untoldCost(judged: readonly JudgedHost[]): Pick<FleetSummary, 'notes' | 'notTried'> {
  const all = judged.filter(({ told }) => told.asked.includes('cost'));
  const untold = all.filter(({ isCostUntold }) => isCostUntold);
  if (untold.length === 0) return { notes: [], notTried: [] };
  const line = `nothing of what the agent costs could be told on ${untold.length} of ${counted(all.length, 'host')} that ran the cost phase: too noisy, or the phase did not come so far`;
  return untold.length === judged.length
    ? { notes: [], notTried: [line] }
    : { notes: [line], notTried: [] };
}

/** Reviewed elsewhere. @throws CannotBegin when the file cannot be read as a review. */
function knownEvents(path: string | undefined) {
  if (path === undefined) return [];
  const read = readKnownEvents(path);
  if (!read.ok) throw new CannotBegin(`--review ${path}: ${read.problems.join('; ')}`);
  return read.events;
}

/**
 * Judges sealed runs of one candidate together.
 * @throws CannotBegin when they are not of one candidate, or a file that is named cannot be used.
 */
export async function judgeFleet(
  paths: readonly string[],
  options: FleetOptions,
  now = new Date(),
): Promise<JudgedFleet> {
  const asked = options.hosts === undefined ? [] : hostsOf(options.hosts);
  const review = new FleetReview(knownEvents(options.review), now);
  const titles: Titles = new Map();
  const read = await readRuns(paths, options, review, titles);
  const one = oneCandidate(read);
  const judged = judgedHosts(read.runs, asked);
  const hosts = judged.map(({ told }) => told);
  const missingHosts = asked
    .filter((one) => !hosts.some(({ name }) => isHost(one, name)))
    .map(({ name }) => name);
  const rehearsal = [...new Set(read.runs.flatMap(({ run }) => run.rehearsal))];
  const cost = untoldCost(judged);
  const gaps = missingHosts.length + read.refused.length;
  const statuses = [
    ...hosts.map(({ status }) => status),
    ...(gaps > 0 ? (['inconclusive'] as const) : []),
  ];
  const summary: FleetSummary = {
    ...{ version: 1, kind: 'fleet', status: worstStatus(statuses, rehearsal.length > 0) },
    rehearsal,
    asked: PHASES.filter((phase) => hosts.every((host) => host.asked.includes(phase))),
    candidate: {
      path: one.run.candidatePath,
      sha256: one.candidateSha256,
      version: one.run.candidateVersion,
    },
    bpfObjects: [...one.objects],
    judgedAt: now.toISOString(),
    ...{ hosts, missingHosts, refusedRuns: read.refused },
    notes: [...notesOf(hosts, asked, read), ...cost.notes, ...review.remarks()],
    notTried: cost.notTried,
    criteria: criteriaOf(judged, titles),
    outliers: outliers(
      judged.map(({ told, figures }) => ({
        ...{ host: hostLabel(told), hostClass: told.hostClass, figures },
      })),
    ),
    review: review.counts(),
  };
  return {
    summary,
    verdicts: judged.map(({ verdicts }) => verdicts),
    review: review.text(),
  };
}
