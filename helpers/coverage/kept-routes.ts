import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import { counted } from '../text/counted.ts';
import type { Answer } from './site.ts';
import { type Line, lineText } from './table.ts';

/** A route that was as it must be before, and what it met once something had changed. */
export interface KeptLine {
  readonly line: Pick<Line, 'kind' | 'route' | 'expected'>;
  /** In words where nobody knows what came of it. */
  readonly answer: Answer | string;
}

/** What is said of routes, each with what became of it. */
export interface KeptWords {
  readonly lost: (routes: string) => string;
  readonly unknown: (routes: string) => string;
  /** Where none was denied before. */
  readonly none: string;
  readonly kept: (routes: string) => string;
}

/** Of an upgrade. @param version that the rules are of. */
export const upgradeWords = (version: string): KeptWords => ({
  lost: (routes) =>
    `rules that version ${version} made and enforced are lost where the candidate takes its place: ${routes}; a node that is upgraded says nothing of it`,
  unknown: (routes) =>
    `nobody knows whether these rules of version ${version} are in force with the candidate: ${routes}`,
  none: `version ${version} enforced none of the rules that it made`,
  kept: (routes) =>
    `${routes} by rules that version ${version} made meet with the candidate what they met with it`,
});

/** Of an option of `run`, which nobody gives in the phase's own starts. */
export const optionWords = (option: string): KeptWords => ({
  lost: (routes) =>
    `with ${option} these are not decided on as without it: ${routes}; who runs the agent so has another protection than was tried`,
  unknown: (routes) => `nobody knows what comes of these with ${option}: ${routes}`,
  none: `no route was denied as it must be without ${option}, so there is nothing to compare`,
  kept: (routes) => `${routes} as without ${option}`,
});

const SHOWN = 4;
const few = (lines: readonly KeptLine[], words: (one: KeptLine) => string) =>
  `${lines.slice(0, SHOWN).map(words).join('; ')}${lines.length > SHOWN ? `; and ${lines.length - SHOWN} more` : ''}`;

export const isRefused = (answer: KeptLine['answer']): boolean =>
  typeof answer !== 'string' && answer.outcome === 'refused' && answer.errno === 'EPERM';
const isPassed = (answer: KeptLine['answer']) =>
  typeof answer !== 'string' && answer.outcome === 'passed';

/** What a route of a rule meets, and one that no rule concerns, or that is exempt. */
export const isKept = ({ line: { expected }, answer }: KeptLine): boolean =>
  expected === 'denied' ? isRefused(answer) : isPassed(answer);

/** The opposite of what it must meet: the rule, or the exemption, is gone. */
const isLost = ({ line: { expected }, answer }: KeptLine): boolean =>
  expected === 'denied' ? isPassed(answer) : isRefused(answer);

/** @param lines that were as they must be before. @param words of what changed. */
export function judgeKept(lines: readonly KeptLine[], words: KeptWords, source: string): Judgement {
  const lost = lines.filter(isLost);
  const unknown = lines.filter((one) => !isKept(one) && !isLost(one));
  const measured = {
    ...{ value: lines.length - lost.length - unknown.length, limit: lines.length },
    ...{ unit: 'routes', source },
  };
  if (lost.length > 0) {
    const routes = few(
      lost,
      ({ line }) =>
        `${lineText(line)} ${line.expected === 'denied' ? 'goes through' : 'is denied'}`,
    );
    return fail(words.lost(routes), measured);
  }
  if (unknown.length > 0) {
    const routes = few(
      unknown,
      ({ line, answer }) =>
        `${lineText(line)} (${typeof answer === 'string' ? answer : answer.outcome === 'refused' ? answer.errno : 'let through'})`,
    );
    return inconclusive(words.unknown(routes), measured);
  }
  if (!lines.some(({ line }) => line.expected === 'denied'))
    return inconclusive(words.none, { source });
  return pass(words.kept(counted(lines.length, 'route')), measured);
}
