import {
  type Finding,
  fail,
  type Judgement,
  type Measurement,
  pass,
} from '../../criteria/judgement.ts';
import type { Settings } from '../../settings/settings.ts';

/**
 * A defect that was found: fails, unless somebody accepted it until a date that has not passed.
 * The finding is reported either way.
 */
export function judgeDefect(
  { knownDefects }: Pick<Settings, 'knownDefects'>,
  id: string,
  finding: Finding,
  measurement: Measurement,
  now = new Date(),
): Judgement {
  const known = knownDefects.find(({ defect }) => defect === id);
  const reported = { findings: [finding] };
  const text = `finding "${id}" (${finding.severity}${finding.reference === undefined ? '' : `, ${finding.reference}`}): ${finding.detail}`;
  if (known === undefined) {
    return {
      ...fail(
        `${text}; fix the agent, or accept it by name and date in KNOWN_DEFECTS`,
        measurement,
      ),
      ...reported,
    };
  }
  if (now.toISOString().slice(0, 10) > known.until) {
    return {
      ...fail(
        `${text}; ${known.acceptedBy} accepted it until ${known.until}, which has passed`,
        measurement,
      ),
      ...reported,
    };
  }
  return {
    ...pass(
      `${text}; accepted until ${known.until} by ${known.acceptedBy}: ${known.reason}`,
      measurement,
    ),
    ...reported,
  };
}
