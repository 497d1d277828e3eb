import { escapedCharacter } from '../text/escaped-character.ts';

/** A knob's value in quotes, without anything that a terminal would act on. */
export const quotedKnob = (value: string | undefined) =>
  JSON.stringify(value)?.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapedCharacter);
