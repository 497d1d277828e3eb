import {
  type AgainstPrevious,
  PREVIOUS_FILE,
  PREVIOUS_ROUTES_FILE,
  type PreviousResult,
  type PreviousRoutes,
  type RouteFinding,
} from '../helpers/cost/result.ts';
import { chapter, codeSpan, table, upTo } from './markdown.ts';

/** What the ticket tells of the two versions in few lines; the details have all. */
const MOST_LISTED = 7;
/** An interval from one end to so many times that tells nothing. */
const WIDEST = 10_000;

/** Candidate and previous version, as far as both were measured. */
export interface BothVersions {
  readonly previous?: PreviousResult | undefined;
  /** Their routes, where both took them. */
  readonly previousRoutes?: PreviousRoutes | undefined;
}

/** A section on the version that was compared with; none without one. */
function against(both: BothVersions, lines: (about: PreviousRoutes | PreviousResult) => string[]) {
  const about = both.previous ?? both.previousRoutes;
  return about === undefined
    ? []
    : chapter(`Against version ${codeSpan(about.version)}`, lines(about));
}

const number = (value: number | undefined) =>
  value === undefined ? '—' : value.toLocaleString('en', { maximumSignificantDigits: 4 });

/** Of each metric the figure that is worse, or lacks, else the first: it is the one that was promised. */
function headlines(metrics: readonly AgainstPrevious[]): readonly AgainstPrevious[] {
  return [...Map.groupBy(metrics, ({ metric }) => metric).values()].flatMap(
    (figures) =>
      figures.find(({ verdict }) => verdict === 'worse') ??
      figures.find(({ verdict }) => verdict === 'no data') ??
      figures[0] ??
      [],
  );
}

/** "0 worse, 3 the same": how many of each that there is, and of the first in any case. */
function counts<T extends string>(all: readonly T[], words: Readonly<Record<T, string>>): string {
  return (Object.keys(words) as T[])
    .map((one, index) => ({ count: all.filter((other) => other === one).length, one, index }))
    .filter(({ count, index }) => count > 0 || index === 0)
    .map(({ count, one }) => `${count} ${words[one]}`)
    .join(', ');
}

function figuresInShort({ metrics }: PreviousResult): string[] {
  const lines = headlines(metrics);
  const worse = lines
    .filter(({ verdict }) => verdict === 'worse')
    .map(
      ({ metric, figure, detail, candidate, previous, ratio, limit }) =>
        `- **WORSE**: ${metric}, ${figure}: ${detail === undefined ? `${number(candidate)}, was ${number(previous)}: ${number(ratio)} times, limit ${number(limit)}` : codeSpan(detail)}`,
    );
  const words = {
    ...{ worse: 'worse', better: 'better', same: 'the same' },
    ...{ 'too noisy to tell': 'too noisy to tell', 'no data': 'without data' },
  };
  const verdicts = lines.map(({ verdict }) => verdict);
  return [...upTo(MOST_LISTED, worse, PREVIOUS_FILE), `- measured: ${counts(verdicts, words)}`];
}

function routesInShort({ findings }: PreviousRoutes): string[] {
  const added = findings
    .filter(({ change }) => change === 'new')
    .map(({ route, candidate }) => `- **NEW** finding: ${codeSpan(route)}: ${codeSpan(candidate)}`);
  const words = { new: 'new', fixed: 'fixed', same: 'the same', 'no data': 'without data' };
  const changes = findings.map(({ change }) => change);
  return [
    ...upTo(MOST_LISTED, added, PREVIOUS_ROUTES_FILE),
    `- routes with a finding: ${counts(changes, words)}`,
  ];
}

/** In few lines: what is worse, new or lost, and how much is not. */
export function previousSummary(both: BothVersions): string[] {
  return against(both, () => [
    ...(both.previous === undefined ? [] : figuresInShort(both.previous)),
    ...(both.previousRoutes === undefined ? [] : routesInShort(both.previousRoutes)),
  ]);
}

/** What was measured of both versions: of a piece of work one figure, of all else each. */
function figuresOf({ metrics }: PreviousResult): string[] {
  const ratio = ({ ratio: middle, low, high }: AgainstPrevious) =>
    low === undefined || high === undefined
      ? number(middle)
      : `${number(middle)} (${high / low > WIDEST ? 'no interval' : `${number(low)} to ${number(high)}`})`;
  // Quantiles of one time, which go up and down together; other figures of a metric are of different things.
  const timed = new Set(
    metrics.filter(({ figure }) => figure === 'p99').map((line) => line.metric),
  );
  const pieces = metrics.filter(({ metric }) => timed.has(metric));
  const others = metrics.filter(({ metric }) => !timed.has(metric));
  const byMetric = [...Map.groupBy(others, ({ metric }) => metric).values()].flat();
  const rows = [...headlines(pieces), ...byMetric].map((line) => [
    `${line.metric}, ${line.figure}`,
    line.verdict === 'worse' ? '**WORSE**' : line.verdict,
    number(line.candidate),
    number(line.previous),
    line.detail === undefined ? ratio(line) : codeSpan(line.detail),
    number(line.limit),
  ]);
  return [
    ...table(['what', 'the candidate is', 'candidate', 'previous', 'ratio', 'limit'], rows),
    '',
    `Times of pieces of work in µs, the command’s in ms; the middle of all blocks. All figures are in ${PREVIOUS_FILE}.`,
    '',
  ];
}

/** Routes on which one of the versions has a finding: new ones first. */
function routesOf({ findings }: PreviousRoutes): string[] {
  if (findings.length === 0)
    return ['No route has a finding with the candidate, or had one with the previous version.', ''];
  const order: readonly RouteFinding['change'][] = ['new', 'no data', 'same', 'fixed'];
  const rows = order
    .flatMap((change) => findings.filter((one) => one.change === change))
    .map(({ change, route, candidate, previous }) => [
      codeSpan(route),
      change === 'new' ? '**NEW**' : change,
      codeSpan(candidate),
      codeSpan(previous),
    ]);
  return [
    ...table(['route', 'finding', 'candidate', 'previous'], rows),
    '',
    `${findings.length} routes with a finding; all are in ${PREVIOUS_ROUTES_FILE}.`,
    '',
  ];
}

/** The candidate against the version that production runs, figure by figure and route by route. */
export function previousTables(both: BothVersions): string[] {
  return against(both, ({ path, sha256 }) => [
    ...(both.previous === undefined ? [] : figuresOf(both.previous)),
    ...(both.previousRoutes === undefined ? [] : routesOf(both.previousRoutes)),
    `The previous version: ${codeSpan(path)}, SHA-256 ${codeSpan(sha256)}.`,
  ]);
}
