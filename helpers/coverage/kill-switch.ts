import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import { counted } from '../text/counted.ts';
import type { Answer } from './site.ts';
import { type Line, lineText } from './table.ts';

/** A denied line of the table, taken while the kill switch was on, and again when it was off. */
export interface SwitchedLine {
  readonly line: Line;
  readonly on: Answer | string;
  readonly off: Answer | string;
}

/** What happened while the kill switch was on and behind that. */
export interface SwitchedLines {
  readonly lines: readonly SwitchedLine[];
  /** The actions of all event lines that came while it was on. */
  readonly actions: readonly string[];
  /** All lines had come by then. */
  readonly areAll: boolean;
}

const isDenied = (answer: Answer | string) =>
  typeof answer !== 'string' && answer.outcome === 'refused' && answer.errno === 'EPERM';
const wentThrough = (answer: Answer | string) =>
  typeof answer !== 'string' && answer.outcome === 'passed';

/** @param lines of the table with what they met, the first of which are named. */
function named(lines: readonly SwitchedLine[]): string {
  const [first, ...others] = lines;
  if (first === undefined) return '';
  const more = others.length === 0 ? '' : `; so are ${others.length} others`;
  return `${lineText(first.line)}${more}`;
}

/** Each is let through and told as AUDIT while the kill switch is on, whatever hook decides on it, and is denied again afterwards. */
export function judgeKillSwitch(
  { lines, actions, areAll }: SwitchedLines,
  source: string,
): Judgement {
  const still = lines.filter(({ on }) => isDenied(on));
  const free = lines.filter(({ off }) => wentThrough(off));
  const strange = lines.filter(
    ({ on, off }) => !(wentThrough(on) || isDenied(on)) || !(wentThrough(off) || isDenied(off)),
  );
  const wrong = actions.filter((action) => action !== 'AUDIT');
  const passed = lines.filter(({ on }) => wentThrough(on)).length;
  const value = lines.length - new Set([...still, ...free, ...strange]).size;
  const measured = { value, limit: lines.length, unit: 'routes', source };
  if (still.length > 0)
    return fail(
      `with the kill switch on these are still denied: ${named(still)}; whoever is locked out by such a rule is not freed`,
      measured,
    );
  if (free.length > 0)
    return fail(`after emergency-enable these are no longer denied: ${named(free)}`, measured);
  if (wrong.length > 0)
    return fail(
      `with the kill switch on ${counted(wrong.length, 'event line')} of ${actions.length} said ${wrong[0]}, expected AUDIT`,
      measured,
    );
  if (strange.length > 0)
    return inconclusive(
      `nobody knows what came of these with the kill switch on and off: ${named(strange)}`,
      measured,
    );
  if (lines.length === 0)
    return inconclusive('no route was denied before, so none shows what the kill switch does', {
      ...measured,
    });
  if (actions.length < passed && !areAll)
    return inconclusive(
      `with the kill switch on ${passed} routes went through, and ${counted(actions.length, 'event line')} had come when no more were waited for; run again on a less busy host`,
      measured,
    );
  if (actions.length < passed)
    return fail(
      `with the kill switch on ${passed} routes went through and left ${counted(actions.length, 'event line')}: what happens during the emergency must still be seen`,
      measured,
    );
  return pass(
    `${counted(lines.length, 'route')} of every kind let through and told as AUDIT while the kill switch was on, and denied again afterwards`,
    measured,
  );
}
