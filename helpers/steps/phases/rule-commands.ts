import { howItEnded } from '../../agent/command.ts';
import {
  judgeRules,
  type RuleCommand,
  ruleCommands,
  type TriedRule,
} from '../../coverage/rule-commands.ts';
import { lineText, ROUTES } from '../../coverage/table.ts';
import type { Judgement } from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { CoverageMode } from './coverage-phase.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { isAs, isStrange, met, type RuleTrial, tryEach } from './rule-probes.ts';

const SOURCE = 'commands.ndjson';

/**
 * The rules of the phase came by one policy. One of each kind is taken away by its own command while the agent enforces, and
 * put back: an operator in an incident does no other thing. Every change is undone with the policy.
 */
export async function ruleCommandsAct(
  run: CanaryRun,
  subjects: CoverageSubjects,
  enforce: Pick<CoverageMode, 'daemon' | 'judged'>,
): Promise<Judgement> {
  const tried = await tryEach({ run, subjects }, enforce, ruleCommands, tryCommand);
  return judgeRules(tried, 'taken away and put back by a command each', SOURCE);
}

async function tryCommand(
  one: RuleCommand,
  { run, subjects, probes }: RuleTrial,
): Promise<TriedRule> {
  const { command, rule, withRule } = one;
  const words = (verb: string) => [...command, verb, ...rule].join(' ');
  const add = words('add');
  const notRun = probes.whyNot(one);
  if (notRun !== undefined) return { words: add, notRun };
  const what = ROUTES[one.route];
  const before = await probes.take(one);
  if (typeof before === 'string') return { words: add, unknown: before };
  if (!isAs(before, withRule)) {
    const why = `the rule was not in force before: ${what} ${met(before)}`;
    return (await probes.held(one)) ? { words: add, problem: why } : { words: add, notRun: why };
  }
  const deleted = await run.command(...command, 'del', ...rule);
  if (deleted.exitCode !== 0) return { words: words('del'), problem: howItEnded(deleted) };
  const without = await probes.take(one);
  const added = await run.command(...command, 'add', ...rule);
  // What comes later must not be tried on a rule that is not there.
  const leave = (problem: string): TriedRule => {
    subjects.missing = [...subjects.missing, one.listed];
    return { words: add, problem };
  };
  if (added.exitCode !== 0) return leave(howItEnded(added));
  const again = await probes.take(one);
  if (typeof without === 'string') return { words: words('del'), unknown: without };
  if (typeof again === 'string') return { words: add, unknown: again };
  const exited = (verb: string) => `\`${words(verb)}\` exited with 0, and ${lineText(one)}`;
  if (isAs(without, withRule))
    return { words: add, problem: `${exited('del')} still ${met(without)}` };
  const strange = [without, again].find(isStrange);
  if (strange !== undefined)
    return { words: add, unknown: `${lineText(one)} ${met(strange)}, which no rule does` };
  if (isAs(again, withRule)) return { words: add };
  return leave(`${exited('add')} then ${met(again)}`);
}
