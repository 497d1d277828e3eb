import { inOneLine } from '../text/escaped-character.ts';

/** A knob's value in quotes, without anything that a terminal would act on. */
export const quotedKnob = (value = '') => inOneLine(JSON.stringify(value));

/** Why something cannot be done, in its own words; undefined when it can. */
export function whyNot(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** A run that cannot begin, in one line for the person who started it. */
export class CannotBegin extends Error {}
