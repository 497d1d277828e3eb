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
import { isAs, isStrange, met, RuleProbes } from './rule-probes.ts';

const SOURCE = 'commands.ndjson';

/**
 * The rules of the phase came by one policy. One of each kind is taken away by its own command while the agent enforces, and
 * put back: an operator in an incident does no other thing. Every change is undone with the policy.
 */
export class RuleCommands {
  readonly #run: CanaryRun;
  readonly #subjects: CoverageSubjects;
  readonly #daemon: CoverageMode['daemon'];
  readonly #probes: RuleProbes;

  constructor(
    run: CanaryRun,
    subjects: CoverageSubjects,
    enforce: Pick<CoverageMode, 'daemon' | 'judged'>,
  ) {
    this.#run = run;
    this.#subjects = subjects;
    this.#daemon = enforce.daemon;
    this.#probes = new RuleProbes(subjects, enforce);
  }

  async judge(): Promise<Judgement> {
    this.#daemon();
    try {
      const tried: TriedRule[] = [];
      // One at a time: each command waits for the lock of the one before it.
      for (const one of ruleCommands(this.#subjects.made)) tried.push(await this.#try(one));
      return judgeRules(tried, 'taken away and put back by a command each', SOURCE);
    } finally {
      await this.#probes.end();
    }
  }

  async #try(one: RuleCommand): Promise<TriedRule> {
    const { command, rule, withRule } = one;
    const words = (verb: string) => [...command, verb, ...rule].join(' ');
    const add = words('add');
    const notRun = this.#probes.whyNot(one);
    if (notRun !== undefined) return { words: add, notRun };
    const what = ROUTES[one.route];
    const before = await this.#probes.take(one);
    if (typeof before === 'string') return { words: add, unknown: before };
    if (!isAs(before, withRule)) {
      const why = `the rule was not in force before: ${what} ${met(before)}`;
      return (await this.#probes.held(one))
        ? { words: add, problem: why }
        : { words: add, notRun: why };
    }
    const deleted = await this.#run.command(...command, 'del', ...rule);
    if (deleted.exitCode !== 0) return { words: words('del'), problem: howItEnded(deleted) };
    const without = await this.#probes.take(one);
    const added = await this.#run.command(...command, 'add', ...rule);
    // What comes later must not be tried on a rule that is not there.
    const leave = (problem: string): TriedRule => {
      this.#subjects.missing = [...this.#subjects.missing, one.listed];
      return { words: add, problem };
    };
    if (added.exitCode !== 0) return leave(howItEnded(added));
    const again = await this.#probes.take(one);
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
}
