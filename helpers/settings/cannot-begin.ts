import { inOneLine } from '../text/escaped-character.ts';

/** A knob's value in quotes, without anything that a terminal would act on. */
export const quotedKnob = (value = '') => inOneLine(JSON.stringify(value));

/** A run that cannot begin, in one line for the person who started it. */
export class CannotBegin extends Error {}
