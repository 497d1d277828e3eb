import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';
import { unitFor } from '../helpers/text/counted.ts';
import { capped } from './clean-text.ts';

/** Longer explanations are the agent's own text; all of it is in `criteria.ndjson`. */
const MAX_CHARACTERS = 4000;

const withUnit = (value: number | string, unit: string | undefined) =>
  capped(unit === undefined ? String(value) : `${value} ${unitFor(value, unit)}`, 400);

/** A criterion in full, as the body of a test case: verdict, explanation, measurement, findings. */
export function recordText(record: CriterionRecord): string {
  return [
    `${record.verdict.toUpperCase()}: ${capped(record.explanation, MAX_CHARACTERS)}`,
    ...(record.value === undefined ? [] : [`measured: ${withUnit(record.value, record.unit)}`]),
    ...(record.limit === undefined ? [] : [`limit: ${withUnit(record.limit, record.unit)}`]),
    ...(record.source === undefined ? [] : [`source: ${capped(record.source, 1000)}`]),
    ...(record.at === '' ? [] : [`at: ${record.at}`]),
    ...(record.findings ?? []).map(
      (finding) =>
        `finding (${finding.severity}): ${finding.title}: ${capped(finding.detail, MAX_CHARACTERS)}`,
    ),
  ].join('\n');
}
