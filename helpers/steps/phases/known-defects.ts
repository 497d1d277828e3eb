import { parse } from 'yaml';
import { z } from 'zod';
import {
  type Finding,
  fail,
  type Judgement,
  type Measurement,
  noEvidence,
  pass,
} from '../../criteria/judgement.ts';
import { readRegularFile } from '../../files/regular-file.ts';
import type { Settings } from '../../settings/settings.ts';

/** KNOWN_DEFECTS: defects of the agent that somebody accepted until a date, by the finding's id. */
const knownDefects = z.array(
  z.object({
    defect: z.string().min(1),
    acceptedBy: z.string().trim().min(1),
    reason: z.string().trim().min(1),
    /** Last day on which the acceptance holds, YYYY-MM-DD. */
    until: z.iso.date(),
  }),
);

type KnownDefects = z.output<typeof knownDefects>;

/** The accepted findings, or why the file cannot be used. */
function readKnownDefects(path: string): KnownDefects | string {
  try {
    return knownDefects.parse(parse(readRegularFile(path)));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    return `cannot be used (a YAML list of defect, acceptedBy, reason, until: YYYY-MM-DD): ${why}`;
  }
}

/** Why the file that KNOWN_DEFECTS names cannot be used; undefined when it can, or none is named. */
export function knownDefectsProblem(path: string | undefined): string | undefined {
  const read = path === undefined ? [] : readKnownDefects(path);
  return typeof read === 'string' ? read : undefined;
}

/** @throws JudgementError (inconclusive) when the file was spoilt since the start. */
function acceptedDefects(path: string | undefined): KnownDefects {
  const read = path === undefined ? [] : readKnownDefects(path);
  if (typeof read === 'string') throw noEvidence(`KNOWN_DEFECTS=${path} ${read}`);
  return read;
}

/**
 * A defect that was found: fails, unless somebody accepted it until a date that has not passed.
 * The finding is reported either way.
 */
export function judgeDefect(
  settings: Settings,
  id: string,
  finding: Finding,
  measurement: Measurement,
  now = new Date(),
): Judgement {
  const known = acceptedDefects(settings.KNOWN_DEFECTS).find(({ defect }) => defect === id);
  const found = { findings: [finding] };
  const text = `finding "${id}" (${finding.severity}${finding.reference === undefined ? '' : `, ${finding.reference}`}): ${finding.detail}`;
  if (known === undefined) {
    return {
      ...fail(
        `${text}; fix the agent, or accept it by name and date in KNOWN_DEFECTS`,
        measurement,
      ),
      ...found,
    };
  }
  if (now.toISOString().slice(0, 10) > known.until) {
    return {
      ...fail(
        `${text}; ${known.acceptedBy} accepted it until ${known.until}, which has passed`,
        measurement,
      ),
      ...found,
    };
  }
  return {
    ...pass(
      `${text}; accepted until ${known.until} by ${known.acceptedBy}: ${known.reason}`,
      measurement,
    ),
    ...found,
  };
}
