import { howItEnded } from '../../agent/command.ts';
import type { Probe } from '../../coverage/probe.ts';
import {
  judgeCommands,
  type RuleCommand,
  ruleCommands,
  type TriedCommand,
} from '../../coverage/rule-commands.ts';
import type { Answer } from '../../coverage/site.ts';
import { type Kind, lineText, ROUTES } from '../../coverage/table.ts';
import type { Judgement } from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { CoverageMode } from './coverage-phase.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';

const SOURCE = 'commands.ndjson';

/**
 * The rules of the phase came by one policy. One of each kind is taken away by its own command while the agent enforces, and
 * put back: an operator in an incident does no other thing. Every change is undone with the policy.
 */
export class RuleCommands {
  readonly #run: CanaryRun;
  readonly #subjects: CoverageSubjects;
  readonly #daemon: CoverageMode['daemon'];
  readonly #judged: CoverageMode['judged'];
  readonly #probes = new Map<Kind, Probe | string>();

  constructor(
    run: CanaryRun,
    subjects: CoverageSubjects,
    enforce: Pick<CoverageMode, 'daemon' | 'judged'>,
  ) {
    this.#run = run;
    this.#subjects = subjects;
    this.#daemon = enforce.daemon;
    this.#judged = () => enforce.judged();
  }

  async judge(): Promise<Judgement> {
    this.#daemon();
    try {
      const tried: TriedCommand[] = [];
      // One at a time: each command waits for the lock of the one before it.
      for (const one of ruleCommands(this.#subjects.made)) tried.push(await this.#try(one));
      return judgeCommands(tried, SOURCE);
    } finally {
      for (const probe of this.#probes.values()) if (typeof probe !== 'string') await probe.end();
    }
  }

  async #try(one: RuleCommand): Promise<TriedCommand> {
    const { command, rule, section, withRule } = one;
    const words = (verb: string) => [...command, verb, ...rule].join(' ');
    const add = words('add');
    const { notRun, promises } = this.#subjects;
    if (promises.unknownSections.includes(section))
      return { words: add, notRun: `this version has no [${section}]` };
    const untried = notRun.get(lineText(one));
    if (untried !== undefined) return { words: add, notRun: untried };
    const what = ROUTES[one.route];
    const before = await this.#take(one);
    if (typeof before === 'string') return { words: add, unknown: before };
    if (!isAs(before, withRule)) {
      const why = `the rule was not in force before: ${what} ${met(before)}`;
      return (await this.#held(one)) ? { words: add, problem: why } : { words: add, notRun: why };
    }
    const deleted = await this.#run.command(...command, 'del', ...rule);
    if (deleted.exitCode !== 0) return { words: words('del'), problem: howItEnded(deleted) };
    const without = await this.#take(one);
    const added = await this.#run.command(...command, 'add', ...rule);
    // What comes later must not be tried on a rule that is not there.
    const leave = (problem: string): TriedCommand => {
      this.#subjects.missing = [...this.#subjects.missing, ...rule.slice(-1)];
      return { words: add, problem };
    };
    if (added.exitCode !== 0) return leave(howItEnded(added));
    const again = await this.#take(one);
    if (typeof without === 'string') return { words: words('del'), unknown: without };
    if (typeof again === 'string') return { words: add, unknown: again };
    const exited = (verb: string) => `\`${words(verb)}\` exited with 0, and ${lineText(one)}`;
    if (isAs(without, withRule))
      return { words: add, problem: `${exited('del')} still ${met(without)}` };
    // Refused by something else than a rule: that shows neither.
    const strange = [without, again].find((one) => !isAs(one, 'passed') && !isAs(one, 'refused'));
    if (strange !== undefined)
      return { words: add, unknown: `${lineText(one)} ${met(strange)}, which no rule does` };
    if (isAs(again, withRule)) return { words: add };
    return leave(`${exited('add')} then ${met(again)}`);
  }

  /** Whether the table's own criterion had nothing to blame on this line. */
  async #held({ kind, route }: RuleCommand): Promise<boolean> {
    const judged = await this.#judged();
    return judged.some(
      ({ verdict, taken: { line } }) =>
        line.kind === kind && line.route === route && verdict === 'pass',
    );
  }

  async #take({ kind, route }: RuleCommand): Promise<Answer | string> {
    const probe = this.#probes.get(kind) ?? this.#subjects.begin(kind);
    this.#probes.set(kind, probe);
    if (typeof probe === 'string') return probe;
    const pid = await probe.up();
    if (typeof pid === 'string') return pid;
    // They are decisions on the canary's own attempts, and nobody has to review them.
    this.#daemon().events.watchProcess(pid);
    return probe.take(route);
  }
}

/** A rule refuses with EPERM (docs/agent-contract.md §9.1). */
const isAs = (answer: Answer, outcome: Answer['outcome']) =>
  answer.outcome === 'refused'
    ? outcome === 'refused' && answer.errno === 'EPERM'
    : outcome === 'passed';

const met = (answer: Answer) =>
  answer.outcome === 'passed' ? 'went through' : `was refused with ${answer.errno}`;
