import { howItEnded } from '../../agent/command.ts';
import { ownInput } from '../../changes/own-file.ts';
import { isOfFile, type LoneRule, loneRules } from '../../coverage/lone-rules.ts';
import { judgeRules, type TriedRule } from '../../coverage/rule-commands.ts';
import { lineText } from '../../coverage/table.ts';
import type { Judgement } from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';
import { policyOf } from './candidate-policy.ts';
import type { CoverageMode } from './coverage-phase.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { isAs, isStrange, met, type RuleTrial, tryEach } from './rule-probes.ts';

const SOURCE = 'commands.ndjson';

/**
 * The agent skips its rules where it takes all tables of a kind to be empty, and a policy brings what its sections are said to
 * bring: a table that is forgotten in either place denies beside other rules, and never alone. So each rule is tried as the only one: by
 * a policy of one line, and by the command of an operator whose agent had no rule at all.
 */
export async function loneRulesDeny(
  run: CanaryRun,
  subjects: CoverageSubjects,
  enforce: Pick<CoverageMode, 'daemon' | 'judged'>,
): Promise<Judgement> {
  const tried = await tryEach({ run, subjects }, enforce, loneRules, tryAlone);
  return judgeRules(tried, 'in force where it is the only rule', SOURCE);
}

async function tryAlone(one: LoneRule, trial: RuleTrial): Promise<TriedRule> {
  const { run, subjects } = trial;
  const { section, line, byCommand } = one;
  const words = `[${section}] ${line}`;
  const notRun = await whyNot(one, trial);
  if (notRun !== undefined) return { words, notRun };
  const { hostPaths, made } = subjects;
  const host = hostPaths.length === 0 ? {} : { deny_path: hostPaths };
  const text = policyOf({ ...host, [section]: [line] });
  const policy = ownInput(made.site.directory, `alone-${section}-${one.kind}.policy`, text);
  const applied = await run.command('policy', 'apply', policy, '--reset');
  if (applied.exitCode !== 0) return { words, problem: howItEnded(applied) };
  const how = `\`policy apply\` of ${words} as the only rule of ours exited with 0`;
  const byPolicy = await isInForce(one, trial, words, how);
  if (byPolicy.problem !== undefined || byPolicy.unknown !== undefined) return byPolicy;
  // What a command did not put back beside other rules has a criterion of its own.
  const failed = subjects.missing.some((rule) => byCommand?.listed === rule);
  if (byCommand === undefined || failed) return byPolicy;
  const { command, rule } = byCommand;
  for (const verb of ['del', 'add']) {
    const done = await run.command(...command, verb, ...rule);
    if (done.exitCode !== 0) return { words, problem: howItEnded(done) };
  }
  const added = [...command, 'add', ...rule].join(' ');
  return isInForce(
    one,
    trial,
    added,
    `\`${added}\`, without any other rule of ours, exited with 0`,
  );
}

/** What beside other rules did not deny has a criterion of its own. */
async function whyNot(one: LoneRule, { subjects, probes }: RuleTrial): Promise<string | undefined> {
  const why = probes.whyNot(one);
  if (why !== undefined) return why;
  if (isOfFile(one) && subjects.hostPaths.length > 0)
    return 'this host has rules on files of its own, which every policy of ours keeps';
  return (await probes.held(one)) ? undefined : 'it did not deny beside other rules either';
}

async function isInForce(
  one: LoneRule,
  { probes }: RuleTrial,
  words: string,
  how: string,
): Promise<TriedRule> {
  const answer = await probes.take(one);
  if (typeof answer === 'string') return { words, unknown: answer };
  if (isAs(answer, 'refused')) return { words };
  const what = `${lineText(one)} ${met(answer)}`;
  return isStrange(answer)
    ? { words, unknown: `${what}, which no rule does` }
    : { words, problem: `${how}, and ${what}` };
}
