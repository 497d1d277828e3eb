import {
  type Finding,
  fail,
  type Judgement,
  type Measurement,
  pass,
} from '../../criteria/judgement.ts';
import type { Defect } from '../../settings/known-defects.ts';
import type { Settings } from '../../settings/settings.ts';

/**
 * A defect that was found: fails, unless somebody accepted it until a date that has not passed.
 * The finding is reported either way.
 */
export function judgeDefect(
  { knownDefects }: Pick<Settings, 'knownDefects'>,
  id: Defect,
  finding: Finding,
  measurement: Measurement,
  now = new Date(),
): Judgement {
  const known = knownDefects.find(({ defect }) => defect === id);
  const text = `finding "${id}" (${finding.severity}${finding.reference === undefined ? '' : `, ${finding.reference}`}): ${finding.detail}`;
  const judged = (verdict: typeof pass, more: string, accepted?: Finding['accepted']) => ({
    ...verdict(`${text}; ${more}`, measurement),
    findings: [accepted === undefined ? finding : { ...finding, accepted }],
  });
  if (known === undefined)
    return judged(fail, 'fix the agent, or accept it by name and date in KNOWN_DEFECTS');
  const { until, acceptedBy: by, reason } = known;
  return now.toISOString().slice(0, 10) > until
    ? judged(fail, `${by} accepted it until ${until}, which has passed`)
    : judged(pass, `accepted until ${until} by ${by}: ${reason}`, { by, reason, until });
}
