import { Status } from 'allure-js-commons';
import type { RuntimeMessage } from 'allure-js-commons/sdk';
import { BLAME_WORDS, blameOf } from '../helpers/criteria/blame.ts';
import { entryOf, sectionTitle } from '../helpers/criteria/catalogue.ts';
import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';
import type { RunRecord } from '../helpers/evidence/run-record.ts';
import { attachment, evidenceFiles } from './allure-attachments.ts';
import { provedBy } from './allure-proof.ts';
import { capped, xmlText } from './clean-text.ts';
import { reportTitle } from './records.ts';

/** A parameter is one cell of a table. */
const MAX_PARAMETER = 1000;

function severity({ id, section }: CriterionRecord): string {
  if (section === 'exit') return 'blocker';
  return entryOf(id)?.note === true ? 'normal' : 'critical';
}

/** A change ticket that can be followed; a bare identifier stands in the environment table. */
export function ticketLink(ticket: unknown): { name: string; url: string; type: string }[] {
  if (typeof ticket !== 'string' || !/^https?:\/\//i.test(ticket) || !URL.canParse(ticket))
    return [];
  return [{ name: 'change ticket', url: ticket, type: 'tms' }];
}

function parameters(record: CriterionRecord, evidence: readonly string[]) {
  const cells: Record<string, number | string | undefined> = {
    verdict: record.verdict,
    value: record.value,
    limit: record.limit,
    unit: record.unit,
    source: record.source,
    evidence: evidence.length === 0 ? undefined : evidence.join(', '),
    ...Object.fromEntries(
      (record.findings ?? []).map(({ title, detail, severity: weight }, index) => [
        `finding ${index + 1} (${weight})`,
        `${title}: ${detail}`,
      ]),
    ),
  };
  return Object.entries(cells).flatMap(([name, value]) =>
    value === undefined
      ? []
      : // Excluded: Allure would take a test with another measured value for another test.
        [{ name, value: xmlText(capped(String(value), MAX_PARAMETER)), excluded: true }],
  );
}

const judgedBadly = ({ verdict }: CriterionRecord) =>
  verdict === 'fail' || verdict === 'inconclusive';

/** A failure shows its own message; what a pass found stands in the test's body, as one step. */
function passedStep(record: CriterionRecord): RuntimeMessage[] {
  if (record.verdict !== 'pass') return [];
  const stop = Date.parse(record.at);
  const name = xmlText(capped(record.explanation, MAX_PARAMETER));
  return [
    { type: 'step_start', data: { name, start: stop - record.durationMs } },
    { type: 'step_stop', data: { status: Status.PASSED, stop } },
  ];
}

/**
 * What Allure is told of a criterion: labels, parameters, the ticket and the evidence by path. The page is one file for a ticket:
 * what did not pass carries all that proves it, and of what passed each file is attached once.
 * @param attached files that a criterion before this one carries; those of this one are added.
 */
export function allureMessages(
  record: CriterionRecord,
  run: RunRecord,
  path: string,
  attached: Set<string> = new Set(),
) {
  // A skipped criterion was judged from nothing.
  const evidence = record.verdict === 'skipped' ? [] : evidenceFiles(record, path);
  const carried = evidence.filter((file) => record.verdict !== 'pass' || !attached.has(file));
  for (const file of carried) attached.add(file);
  // Records of former versions do not say it.
  const blames = blameOf(record);
  const labels = [
    { name: 'epic', value: reportTitle(run) },
    { name: 'feature', value: sectionTitle(record.section) },
    { name: 'story', value: xmlText(record.title) },
    { name: 'severity', value: severity(record) },
    { name: 'criterion', value: record.id },
    { name: 'verdict', value: record.verdict },
    ...(judgedBadly(record)
      ? [
          {
            name: 'blames',
            value: blames === undefined ? 'follows from others' : BLAME_WORDS[blames],
          },
        ]
      : []),
    ...(record.verdict === 'pass' ? [] : [{ name: 'tag', value: record.verdict }]),
  ];
  const links = ticketLink(run.settings.CHANGE_TICKET);
  const messages: RuntimeMessage[] = [
    { type: 'metadata', data: { labels, links, parameters: parameters(record, evidence) } },
    ...passedStep(record),
    ...(judgedBadly(record) ? provedBy(record, path) : []),
    ...carried.flatMap((file) => attachment(path, file)),
  ];
  return messages;
}
