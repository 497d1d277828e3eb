import { entryOf } from '../helpers/criteria/catalogue.ts';
import { UNTRIED_PROMISES } from '../helpers/criteria/untried-promises.ts';
import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';
import { counted } from '../helpers/text/counted.ts';
import { table, upTo } from './markdown.ts';

/** What is promised, with what came of it in each mode. */
interface Tried {
  readonly text: string;
  readonly audit: CriterionRecord | undefined;
  readonly enforce: CriterionRecord | undefined;
}

function promisesTried(records: readonly CriterionRecord[]): readonly Tried[] {
  const tried = records.flatMap((record) => {
    const promise = entryOf(record.id)?.promise;
    const isCounted = record.value !== undefined || record.findings !== undefined;
    return promise === undefined || !isCounted ? [] : [{ record, ...promise }];
  });
  return [...Map.groupBy(tried, ({ group }) => group).values()].map((both) => {
    const of = (mode: string) => both.find((one) => one.mode === mode);
    const text = (of('enforce') ?? of('audit'))?.text ?? '';
    return { text, audit: of('audit')?.record, enforce: of('enforce')?.record };
  });
}

/** Rules for the whole host: one criterion for both modes. */
const hostRules = (records: readonly CriterionRecord[]) =>
  records.filter(({ id, unit }) => entryOf(id)?.knob === 'DISPOSABLE_HOST' && unit === 'attempts');

const routesText = ({ verdict, value, limit }: CriterionRecord) =>
  `${verdict}: ${value} of ${limit} routes`;
const attemptsText = ({ verdict, value, limit }: CriterionRecord) =>
  `${verdict}: ${value} of ${limit} attempts in both modes`;

/** What may stand in a few lines: the rest is in the details. */
const MOST_OPEN = 5;

type Kept = 'kept' | 'accepted' | 'open';

/** A finding that somebody accepted leaves its criterion a pass. */
function keptIn(record: CriterionRecord | undefined): Kept {
  if (record?.verdict !== 'pass') return 'open';
  const findings = record.findings ?? [];
  if (findings.length === 0) return 'kept';
  return findings.every(({ accepted }) => accepted !== undefined) ? 'accepted' : 'open';
}

function kept({ audit, enforce }: Tried): Kept {
  const both = [keptIn(audit), keptIn(enforce)];
  return (['open', 'accepted'] as const).find((state) => both.includes(state)) ?? 'kept';
}

function cell(record: CriterionRecord | undefined): string {
  if (record === undefined) return '—';
  const [finding] = record.findings ?? [];
  return finding === undefined
    ? routesText(record)
    : `${keptIn(record) === 'accepted' ? 'accepted' : record.verdict}: finding (${finding.severity}) ${finding.title}`;
}

/** "205 of 205 routes": all of them together. */
function together(records: readonly (CriterionRecord | undefined)[], what: string): string {
  const sum = (of: 'value' | 'limit') =>
    records.reduce((total, record) => total + Number(record?.[of] ?? 0), 0);
  return `${sum('value').toLocaleString('en')} of ${sum('limit').toLocaleString('en')} ${what}`;
}

const untried = () =>
  Object.entries(UNTRIED_PROMISES).map(([what, why]) => `Not run: ${what}: ${why}.`);

/** In few lines: each promise that does not hold on every route, and how many do. */
export function coverageSummary(records: readonly CriterionRecord[], details: string): string[] {
  const promises = Map.groupBy(promisesTried(records), kept);
  const host = hostRules(records);
  const hostHeld = host.filter((record) => keptIn(record) === 'kept');
  const open = [
    ...(promises.get('open') ?? []).map(({ text, audit, enforce }) => {
      const [inAudit, inEnforce] = [cell(audit), cell(enforce)];
      const cells =
        inAudit === inEnforce
          ? `in both modes ${inAudit}`
          : `in audit ${inAudit}; in enforce ${inEnforce}`;
      return `- **not on every route**: ${text}: ${cells}`;
    }),
    ...host
      .filter((record) => keptIn(record) !== 'kept')
      .map((record) => `- **not on every attempt**: ${record.title}: ${attemptsText(record)}`),
  ];
  const accepted = promises.get('accepted') ?? [];
  const held = promises.get('kept') ?? [];
  if (promises.size === 0 && host.length === 0) return [];
  const routes = (mode: 'audit' | 'enforce') =>
    together(
      held.map((one) => one[mode]),
      `routes in ${mode}`,
    );
  return [
    ...upTo(MOST_OPEN, open, details),
    ...(accepted.length === 0
      ? []
      : [`- accepted risk, see above: ${accepted.map(({ text }) => text).join('; ')}`]),
    `- ${counted(held.length, 'promise')} hold${held.length === 1 ? 's' : ''} in both modes, on ${routes('audit')} and ${routes('enforce')}`,
    ...(hostHeld.length === 0
      ? []
      : [
          `- ${counted(hostHeld.length, 'rule')} for the whole host: ${together(hostHeld, 'attempts')} as they must be`,
        ]),
    ...untried().map((line) => `- ${line}`),
  ];
}

/** Each promise with the routes that were taken to it in each mode, and what came of them. */
export function coverageTable(records: readonly CriterionRecord[]): string[] {
  const host = hostRules(records).map((record) => {
    const both = attemptsText(record);
    return [record.title, both, both];
  });
  const rows = promisesTried(records).map(({ text, audit, enforce }) => [
    text,
    cell(audit),
    cell(enforce),
  ]);
  if (rows.length === 0 && host.length === 0) return [];
  return [
    ...table(
      ['what must hold (in audit: passes and is recorded)', 'audit', 'enforce'],
      [...rows, ...host],
    ),
    '',
    'Each route, who took it and its verdict: coverage/audit/table.json and coverage/enforce/table.json.',
    ...untried(),
  ];
}
