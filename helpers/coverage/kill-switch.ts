import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import { counted } from '../text/counted.ts';
import { isDenied, judgeLetThrough, named, wentThrough } from './let-through.ts';
import type { Answer } from './site.ts';
import type { Line } from './table.ts';

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
  /** Whether it was on by `emergency-status`, or why nobody knows: once it was set, and once a policy was applied. */
  readonly isOn: boolean | string;
  readonly isOnBehindApply: boolean | string;
}

const WORDS = {
  when: 'with the kill switch on',
  denied: 'whoever is locked out by such a rule is not freed',
  untold: 'what happens during the emergency must still be seen',
} as const;

/**
 * Each is let through and told as AUDIT while the kill switch is on, whatever hook decides on it, and is denied again afterwards.
 * Only `emergency-enable` ends it: a policy that is applied meanwhile does not (docs/agent-contract.md §6.5).
 */
export function judgeKillSwitch(switched: SwitchedLines, source: string): Judgement {
  const { lines, actions, areAll, isOn, isOnBehindApply } = switched;
  const sighting = { actions, areAll, lines: lines.map(({ line, on: met }) => ({ line, met })) };
  const whileOn = judgeLetThrough(sighting, WORDS, source);
  const status = { value: 'enabled=false', limit: 'enabled=true', source };
  if (isOn === true && isOnBehindApply === false)
    return fail(
      '`policy apply` exited with 0 while the kill switch was on, and ended it: `emergency-status` says enabled=false; whoever pushes the mended policy denies again what locked people out, in the middle of the emergency',
      status,
    );
  if (whileOn.verdict === 'fail') return whileOn;
  if (isOn === false || isOnBehindApply === false)
    return fail(
      `after emergency-disable \`emergency-status\` says enabled=false, and ${counted(lines.length, 'route')} went through`,
      status,
    );
  const free = lines.filter(({ off }) => wentThrough(off));
  const strange = lines.filter(({ off }) => !(wentThrough(off) || isDenied(off)));
  const value = lines.length - free.length - strange.length;
  const measured = { value, limit: lines.length, unit: 'routes', source };
  if (free.length > 0)
    return fail(`after emergency-enable these are no longer denied: ${named(free)}`, measured);
  if (whileOn.verdict !== 'pass') return whileOn;
  if (strange.length > 0)
    return inconclusive(
      `nobody knows what came of these once the kill switch was off: ${named(strange)}`,
      measured,
    );
  const unknown = [isOn, isOnBehindApply].find((one) => typeof one === 'string');
  if (unknown !== undefined)
    return inconclusive(`nobody knows whether the kill switch stayed on: ${unknown}`, measured);
  return pass(
    `${counted(lines.length, 'route')} of every kind let through and told as AUDIT while the kill switch was on, also behind a policy apply, and denied again afterwards`,
    measured,
  );
}
