import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import { counted } from '../text/counted.ts';
import type { Answer } from './site.ts';
import { type Line, lineText } from './table.ts';

/** A line of the table with a rule, and what it met while nothing was to be denied. */
interface MetLine {
  readonly line: Line;
  readonly met: Answer | string;
}

/** What was seen of them. */
export interface Sighting {
  readonly lines: readonly MetLine[];
  /** The actions of all event lines that came of them. */
  readonly actions: readonly string[];
  /** All lines had come by then. */
  readonly areAll: boolean;
}

/** In words: when that was, and what it means where one is denied, or is not told. */
interface SightingWords {
  readonly when: string;
  readonly denied: string;
  readonly untold: string;
}

export const isDenied = (answer: Answer | string): boolean =>
  typeof answer !== 'string' && answer.outcome === 'refused' && answer.errno === 'EPERM';
export const wentThrough = (answer: Answer | string): boolean =>
  typeof answer !== 'string' && answer.outcome === 'passed';

/** @param lines of the table, the first of which is named. */
export function named(lines: readonly { readonly line: Line }[]): string {
  const [first, ...others] = lines;
  if (first === undefined) return '';
  const more = others.length === 0 ? '' : `; so are ${others.length} others`;
  return `${lineText(first.line)}${more}`;
}

/** Each goes through and is told as AUDIT, whatever hook decides on it. */
export function judgeLetThrough(
  { lines, actions, areAll }: Sighting,
  { when, denied, untold }: SightingWords,
  source: string,
): Judgement {
  const still = lines.filter(({ met }) => isDenied(met));
  const passed = lines.filter(({ met }) => wentThrough(met)).length;
  const strange = lines.filter(({ met }) => !(wentThrough(met) || isDenied(met)));
  const wrong = actions.filter((action) => action !== 'AUDIT');
  const measured = { value: passed, limit: lines.length, unit: 'routes', source };
  if (still.length > 0)
    return fail(`${when} these are still denied: ${named(still)}; ${denied}`, measured);
  if (wrong.length > 0)
    return fail(
      `${when} ${counted(wrong.length, 'event line')} of ${actions.length} said ${wrong[0]}, expected AUDIT`,
      measured,
    );
  if (strange.length > 0)
    return inconclusive(`nobody knows what came of these ${when}: ${named(strange)}`, measured);
  if (lines.length === 0)
    return inconclusive('no route with a rule was as it must be before, so none shows it', {
      ...measured,
    });
  if (actions.length < passed && !areAll)
    return inconclusive(
      `${when} ${passed} routes went through, and ${counted(actions.length, 'event line')} had come when no more were waited for; run again on a less busy host`,
      measured,
    );
  return actions.length < passed
    ? fail(
        `${when} ${passed} routes went through and left ${counted(actions.length, 'event line')}: ${untold}`,
        measured,
      )
    : pass(`${counted(passed, 'route')} let through and told as AUDIT ${when}`, measured);
}
