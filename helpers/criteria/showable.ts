import { withoutControls } from '../text/escaped-character.ts';
import type { Judgement } from './judgement.ts';

/** A page of text; an agent's words can have megabytes. */
const MAX_CHARACTERS = 16 * 1024;

/** Lines that a person reads at a glance. */
const MAX_PROOF = 20;

function escaped(text: string): string {
  const clean = withoutControls(text.slice(0, MAX_CHARACTERS));
  return text.length > MAX_CHARACTERS ? `${clean}… (${text.length} characters)` : clean;
}

const escapedValue = <V extends string | number | undefined>(value: V) =>
  typeof value === 'string' ? escaped(value) : value;

/**
 * A judgement that any terminal, log and report may show as it is: names of programs and words of
 * the agent are part of it, and escape sequences could be part of those.
 */
export function showable(judgement: Judgement): Judgement {
  const { explanation, value, limit, source, findings, proof } = judgement;
  return {
    ...judgement,
    explanation: escaped(explanation),
    ...(value === undefined ? {} : { value: escapedValue(value) }),
    ...(limit === undefined ? {} : { limit: escapedValue(limit) }),
    ...(source === undefined ? {} : { source: escaped(source) }),
    ...(proof === undefined ? {} : { proof: proof.slice(0, MAX_PROOF).map(escaped) }),
    ...(findings === undefined
      ? {}
      : { findings: findings.map((one) => ({ ...one, detail: escaped(one.detail) })) }),
  };
}
