import { withoutControls } from '../text/escaped-character.ts';
import type { Judgement } from './judgement.ts';

/** A page of text; an agent's words can have megabytes. */
const MAX_CHARACTERS = 16 * 1024;

function shown(text: string): string {
  const clean = withoutControls(text.slice(0, MAX_CHARACTERS));
  return text.length > MAX_CHARACTERS ? `${clean}… (${text.length} characters)` : clean;
}

const shownValue = <V extends string | number | undefined>(value: V) =>
  typeof value === 'string' ? shown(value) : value;

/**
 * A judgement that any terminal, log and report may show as it is: names of programs and words of
 * the agent are part of it, and escape sequences could be part of those.
 */
export function showable(judgement: Judgement): Judgement {
  const { explanation, value, limit, source, findings } = judgement;
  return {
    ...judgement,
    explanation: shown(explanation),
    ...(value === undefined ? {} : { value: shownValue(value) }),
    ...(limit === undefined ? {} : { limit: shownValue(limit) }),
    ...(source === undefined ? {} : { source: shown(source) }),
    ...(findings === undefined
      ? {}
      : { findings: findings.map((one) => ({ ...one, detail: shown(one.detail) })) }),
  };
}
