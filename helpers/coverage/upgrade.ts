import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import { counted } from '../text/counted.ts';
import type { Answer } from './site.ts';
import { type Line, lineText } from './table.ts';

/** A route by a rule that the previous version made and enforced, and what it met with the candidate. */
export interface UpgradedLine {
  readonly line: Pick<Line, 'kind' | 'route' | 'expected'>;
  /** In words where nobody knows what came of it. */
  readonly answer: Answer | string;
}

const SHOWN = 4;
const few = (lines: readonly UpgradedLine[], words: (one: UpgradedLine) => string) =>
  `${lines.slice(0, SHOWN).map(words).join('; ')}${lines.length > SHOWN ? `; and ${lines.length - SHOWN} more` : ''}`;

/** What a route of a rule meets, and one of an exemption. */
export function isKept({ line: { expected }, answer }: UpgradedLine): boolean {
  if (typeof answer === 'string') return false;
  return expected === 'denied'
    ? answer.outcome === 'refused' && answer.errno === 'EPERM'
    : answer.outcome === 'passed';
}

/** The opposite of what it must meet: the rule, or the exemption, is gone. */
function isLost({ line: { expected }, answer }: UpgradedLine): boolean {
  if (typeof answer === 'string') return false;
  return expected === 'denied'
    ? answer.outcome === 'passed'
    : answer.outcome === 'refused' && answer.errno === 'EPERM';
}

/** @param lines that the previous version kept to. @param version of it. */
export function judgeUpgrade(
  lines: readonly UpgradedLine[],
  version: string,
  source: string,
): Judgement {
  const lost = lines.filter(isLost);
  const unknown = lines.filter((one) => !isKept(one) && !isLost(one));
  const measured = {
    ...{ value: lines.length - lost.length - unknown.length, limit: lines.length },
    ...{ unit: 'routes', source },
  };
  if (lost.length > 0)
    return fail(
      `rules that version ${version} made and enforced are lost where the candidate takes its place: ${few(lost, ({ line }) => `${lineText(line)} ${line.expected === 'denied' ? 'goes through' : 'is denied'}`)}; a node that is upgraded says nothing of it`,
      measured,
    );
  if (unknown.length > 0)
    return inconclusive(
      `nobody knows whether these rules of version ${version} are in force with the candidate: ${few(unknown, ({ line, answer }) => `${lineText(line)} (${typeof answer === 'string' ? answer : answer.outcome === 'refused' ? answer.errno : 'let through'})`)}`,
      measured,
    );
  if (lines.length === 0)
    return inconclusive(`version ${version} enforced none of the rules that it made`, { source });
  return pass(
    `${counted(lines.length, 'route')} by rules that version ${version} made meet with the candidate what they met with it`,
    measured,
  );
}
