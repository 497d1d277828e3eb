import { type HostOfFleet, hostLabel, type OpenCriterion } from '../evidence/fleet-summary.ts';
import { type CriterionRecord, SEVERITY } from '../evidence/run-directory.ts';
import type { RunVerdict } from '../evidence/verdict.ts';
import { CannotBegin } from '../settings/cannot-begin.ts';
import { PHASES } from '../settings/settings.ts';
import type { RunFigure } from '../steps/earlier-runs/figures.ts';
import { type AskedHost, isHost } from './hosts-file.ts';
import type { RunFacts } from './run-facts.ts';

/** A host as it is judged, with what the summary leaves out. */
export interface JudgedHost {
  readonly told: HostOfFleet;
  readonly verdicts: ReadonlyMap<string, CriterionRecord['verdict']>;
  readonly figures: readonly RunFigure[];
  /** Asked for the cost, and no run of it could tell any piece of work: a noisy host. */
  readonly isCostUntold: boolean;
}

/** Each piece of work in each mode. */
const COST_PIECE = /^cost\.(audit|enforce)\./;

const tellsCost = ({ verdicts }: RunFacts) =>
  [...verdicts].some(([id, one]) => COST_PIECE.test(id) && (one === 'pass' || one === 'fail'));

const nameOf = ({ run, kernel }: RunFacts) => hostLabel({ name: run.hostname, kernel });

/** One host has one canary at a time: runs that overlap are two hosts that share a name. */
function refuseNamesakes(runs: readonly RunFacts[]): void {
  for (const [at, run] of runs.entries()) {
    const before = runs[at - 1];
    if (before === undefined || before.endedAt <= run.told.startedAt) continue;
    throw new CannotBegin(
      `two hosts call themselves ${nameOf(run)}: ${before.told.directory} went on until ${before.endedAt}, and ${run.told.directory} began at ${run.told.startedAt}; a later run of a host counts in place of an earlier one, so give each host a name of its own`,
    );
  }
}

/** True where runs behind this one have all that it was asked for. */
function isSuperseded({ told }: RunFacts, later: readonly RunFacts[]): boolean {
  if (later.length === 0) return false;
  const phases = later.flatMap((one) => one.told.asked);
  return told.asked.every((phase) => phases.includes(phase));
}

const RANK = { fail: 0, inconclusive: 1, pass: 2 };
const plain = (status: RunVerdict['status']) =>
  status.endsWith('fail') ? 'fail' : status.endsWith('inconclusive') ? 'inconclusive' : 'pass';

/** The worst of several. @param rehearsed that one of them is a rehearsal. */
export function worstStatus(
  statuses: readonly RunVerdict['status'][],
  rehearsed: boolean,
): RunVerdict['status'] {
  const [worst = 'inconclusive'] = statuses.map(plain).sort((a, b) => RANK[a] - RANK[b]);
  if (!rehearsed) return worst;
  return worst === 'pass' ? 'rehearsal: all checks green' : `rehearsal: ${worst}`;
}

/** Of several runs the worst counts, criterion by criterion. */
function worstOfEach(runs: readonly RunFacts[]): OpenCriterion[] {
  const all = Map.groupBy(
    runs.flatMap(({ open }) => open),
    ({ id }) => id,
  );
  return [...all.values()].flatMap((same) =>
    same.toSorted((a, b) => SEVERITY[b.verdict] - SEVERITY[a.verdict]).slice(0, 1),
  );
}

function verdictsOf(runs: readonly RunFacts[]): Map<string, CriterionRecord['verdict']> {
  const all = new Map<string, CriterionRecord['verdict']>();
  for (const [id, verdict] of runs.flatMap(({ verdicts }) => [...verdicts])) {
    const known = all.get(id);
    if (known === undefined || SEVERITY[verdict] > SEVERITY[known]) all.set(id, verdict);
  }
  return all;
}

/** All runs of one host together: of runs of the same phases the latest counts, and the earlier ones are told. */
function judgedHost(unsorted: readonly RunFacts[], asked: readonly AskedHost[]): JudgedHost[] {
  const runs = unsorted.toSorted((a, b) => (a.told.startedAt < b.told.startedAt ? -1 : 1));
  refuseNamesakes(runs);
  const counting = runs.filter((run, at) => !isSuperseded(run, runs.slice(at + 1)));
  const last = runs.at(-1);
  if (last === undefined) return [];
  const { hostname, distribution } = last.run;
  const label = asked.find((one) => isHost(one, hostname))?.hostClass;
  const verdicts = verdictsOf(counting);
  const count = (verdict: string) => [...verdicts.values()].filter((one) => one === verdict).length;
  const told: HostOfFleet = {
    ...{ name: hostname, kernel: last.kernel, distribution },
    hostClass: label ?? `${last.kernel}, ${distribution ?? 'unknown distribution'}`,
    status: worstStatus(
      counting.map(({ status }) => status),
      counting.some(({ run }) => run.rehearsal.length > 0),
    ),
    asked: PHASES.filter((phase) => counting.some((run) => run.told.asked.includes(phase))),
    ...{ passed: count('pass'), skipped: count('skipped') },
    problems: counting.flatMap(({ problems }) => problems),
    open: worstOfEach(counting),
    runs: runs.map((run) => ({ ...run.told, counts: counting.includes(run) })),
  };
  const figures = new Map(
    counting.flatMap((run) => run.figures.map((figure) => [figure.name, figure] as const)),
  );
  const isCostUntold = told.asked.includes('cost') && !counting.some(tellsCost);
  return [{ told, verdicts, figures: [...figures.values()], isCostUntold }];
}

const ORDER = (status: string) => RANK[plain(status as RunVerdict['status'])];

/** Every host of the runs, the worst first, and web2 before web10. @throws CannotBegin where two hosts share a name. */
export function judgedHosts(
  runs: readonly RunFacts[],
  asked: readonly AskedHost[],
): readonly JudgedHost[] {
  return [...Map.groupBy(runs, nameOf).values()]
    .flatMap((of) => judgedHost(of, asked))
    .sort(
      ({ told: a }, { told: b }) =>
        ORDER(a.status) - ORDER(b.status) ||
        hostLabel(a).localeCompare(hostLabel(b), 'en', { numeric: true }),
    );
}
