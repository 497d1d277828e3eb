import { existsSync } from 'node:fs';
import { howItEnded } from '../../agent/command.ts';
import { STDBUF } from '../../agent/daemon.ts';
import type { Mode } from '../../agent/daemon-options.ts';
import type { EventLog } from '../../agent/stream/event-log.ts';
import { agentPaths, removePins } from '../../changes/agent-state.ts';
import { ownInput } from '../../changes/own-file.ts';
import { type ExecList, makeExecList } from '../../coverage/exec-list.ts';
import {
  attemptNames,
  HOST_SECTIONS,
  type HostAttempt,
  type HostOrder,
  type HostOutcome,
  type HostSection,
  hostProblem,
  howTried,
} from '../../coverage/host-attempts.ts';
import {
  fail,
  inconclusive,
  type Judgement,
  JudgementError,
  NotApplicable,
  noEvidence,
  pass,
} from '../../criteria/judgement.ts';
import { OwnProcess } from '../../workload/own-process.ts';
import type { CanaryRun } from '../canary-run.ts';
import { type AppliedPolicy, journalPolicy, policyOf } from './candidate-policy.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { PhaseDaemon } from './phase-daemon.ts';

const SCRIPT = new URL('../../coverage/host-attempt-process.ts', import.meta.url);
const TABLE = 'coverage/host-rules.json';
/** How long the lines of all attempts may take, and how long we look for more. */
const LINES_MS = 10_000;
const QUIET_MS = 600;
/** The kernel or its set-up has no such thing, whatever the rules say. */
const NOT_THERE = ['ENOSYS', 'EPERM', 'EACCES', 'EOPNOTSUPP', 'EAFNOSUPPORT'];
/** Its attempts have one as a child; the daemon is started by another. */
const TOOLS = ['/bin/cat', STDBUF];

type Outcomes = ReadonlyMap<HostAttempt, HostOutcome>;

/** What each attempt met: while no agent ran, and in each mode under the rules that this version knows. */
interface Taken {
  readonly unknown: readonly HostSection[];
  readonly without: Outcomes;
  readonly modes: ReadonlyMap<Mode, Outcomes>;
}

/** Sections without lines. */
const switches = (names: readonly HostSection[]) =>
  Object.fromEntries(names.map((name) => [name, ['']]));

/**
 * Rules that deny something to every process of the host: in force for seconds, on a host that is thrown away. Of most of them no
 * policy takes it back (docs/agent-contract.md §6.5); they go with the agent's pins. They deny as long as the agent runs, and a
 * signal ends it: nothing need be started for that. What a run starts is on the list of programs all the same.
 */
export class HostRules {
  readonly #run: CanaryRun;
  readonly #subjects: CoverageSubjects;
  readonly #pins: string;
  #taken: Promise<Taken> | undefined;
  #daemon: PhaseDaemon | undefined;
  #applied: AppliedPolicy | undefined;

  constructor(run: CanaryRun, subjects: CoverageSubjects) {
    this.#run = run;
    this.#subjects = subjects;
    this.#pins = agentPaths(run.settings.HOST_ROOT).pinDirectory;
  }

  /** One section, in audit and in enforce. @throws NotApplicable where there is nothing to try. */
  async judge(section: HostSection): Promise<Judgement> {
    this.#taken ??= this.#take();
    return judgeSection(section, await this.#taken, this.#subjects.promises.owedSections);
  }

  /** The rules went with the pins. */
  async gone(): Promise<Judgement> {
    if (this.#applied === undefined)
      throw new NotApplicable('no rule for the whole host was applied');
    const problem = await this.cleanUp();
    const source = this.#pins;
    return problem === undefined && !existsSync(source)
      ? pass('they went with the pins of the agent', { value: 'no pins', limit: 'no pins', source })
      : fail(
          `the rules for the whole host are still in ${source}: ${problem ?? 'somebody made it anew'}; stop the agent and remove it`,
          { value: 'pins', limit: 'no pins', source },
        );
  }

  /** Ends the agent, and then removes its pins. @returns what is in the way. */
  async cleanUp(): Promise<string | undefined> {
    await this.#daemon?.cleanUp();
    if (this.#applied === undefined || !existsSync(this.#pins)) return undefined;
    const problem = removePins(this.#pins);
    if (problem === undefined) (await this.#run.journal('undo')).strike(this.#applied.id);
    return problem;
  }

  async #take(): Promise<Taken> {
    const { directory } = this.#subjects.made.site;
    const all = ownInput(directory, 'all-host.policy', policyOf(switches(HOST_SECTIONS)));
    const { stderr } = await this.#run.command('policy', 'lint', all);
    const unknown = HOST_SECTIONS.filter((name) =>
      new RegExp(`unknown section\\W+${name}\\b`).test(stderr),
    );
    const known = HOST_SECTIONS.filter((name) => !unknown.includes(name));
    if (known.length === 0) return { unknown, without: new Map(), modes: new Map() };
    if (!this.#run.startedWithoutPins())
      throw noEvidence(
        'the agent had pins on this host before the run, and rules for the whole host only go with all of them; use a new host',
        { source: 'host-before.json' },
      );
    // Without a rule on a file an audit start attaches no file hook, and is never ready.
    const file = ownInput(directory, 'host-file', '');
    const { candidate } = this.#run;
    const needed = [process.execPath, candidate.executable, ...TOOLS];
    const list = await makeExecList(directory, needed);
    const sections = { deny_path: [file], ...switches(known) };
    const text = policyOf(
      known.includes('allow_binary_hash') ? { ...sections, ...list.sections } : sections,
    );
    const policy = ownInput(directory, 'host.policy', text);
    const without = await this.#attempts(list);
    const modes = new Map<Mode, Outcomes>();
    this.#applied = await journalPolicy(this.#run);
    try {
      const applied = await this.#run.command('policy', 'apply', policy, '--reset');
      if (applied.exitCode !== 0)
        throw noEvidence(howItEnded(applied), { source: applied.command });
      const told = attemptNames.filter(
        (name) =>
          known.includes(howTried(name).section) &&
          howTried(name).isFree !== true &&
          isPossible(without, name),
      );
      for (const mode of ['audit', 'enforce'] as const)
        modes.set(mode, await this.#inMode(mode, list, told));
    } finally {
      await this.cleanUp();
    }
    const rows = [['without', without] as const, ...modes];
    this.#run.directory.writeJson(
      TABLE,
      Object.fromEntries(rows.map(([when, outcomes]) => [when, Object.fromEntries(outcomes)])),
    );
    return { unknown, without, modes };
  }

  async #inMode(mode: Mode, list: ExecList, told: readonly HostAttempt[]): Promise<Outcomes> {
    this.#daemon = new PhaseDaemon(this.#run, mode, `coverage/host-${mode}`, 'none');
    await this.#daemon.start();
    const outcomes = await this.#attempts(list, this.#daemon.running.events, told);
    const stopped = await this.#daemon.stop();
    if (stopped.verdict !== 'pass') throw new JudgementError(stopped);
    return outcomes;
  }

  /** Each in a process of its own, by which its lines are told apart. @param told those that make a line. */
  async #attempts(
    { programs }: ExecList,
    events?: EventLog,
    told: readonly HostAttempt[] = [],
  ): Promise<Outcomes> {
    const outcomes = new Map<HostAttempt, HostOutcome>();
    for (const name of attemptNames) {
      let outcome: string | undefined;
      const order: HostOrder = { name, programs };
      const argument = JSON.stringify(order);
      const child = new OwnProcess(SCRIPT, argument, this.#run.candidate.environment, (message) => {
        outcome = String(message);
      });
      const lines = child.pid === undefined ? [] : (events?.watchProcess(child.pid) ?? []);
      await child.ended;
      if (outcome === undefined)
        throw noEvidence(`the process for ${howTried(name).words} reported nothing (${child.end})`);
      outcomes.set(name, { outcome, events: lines });
    }
    const isTold = () => told.every((name) => (outcomes.get(name)?.events.length ?? 0) > 0);
    await events?.until(isTold, LINES_MS);
    await events?.until(() => false, QUIET_MS);
    return outcomes;
  }
}

const outcomeIn = (outcomes: Outcomes, name: HostAttempt) =>
  outcomes.get(name)?.outcome ?? 'unknown';
const isPossible = (without: Outcomes, name: HostAttempt) =>
  !NOT_THERE.includes(outcomeIn(without, name));

/**
 * @param owed sections that a version of its number must know.
 * @throws NotApplicable where this version or this host has nothing to try.
 */
export function judgeSection(
  section: HostSection,
  { unknown, without, modes }: Taken,
  owed: readonly string[] = [],
): Judgement {
  if (unknown.includes(section) && owed.includes(section))
    return inconclusive(
      `this version does not know [${section}], which versions from 0.9.0 on have; ask whether it was taken out`,
      { source: TABLE },
    );
  if (unknown.includes(section)) throw new NotApplicable(`this version has no [${section}]`);
  const outcomeOf = (name: HostAttempt) => outcomeIn(without, name);
  const names = attemptNames.filter((name) => howTried(name).section === section);
  const tried = names.filter((name) => isPossible(without, name));
  const besides = names
    .filter((name) => !tried.includes(name))
    .map((name) => `; not tried: ${howTried(name).words} (${outcomeOf(name)} without the rule)`)
    .join('');
  if (tried.length === 0) throw new NotApplicable(`nothing can be tried on this host${besides}`);
  const problems = [...modes].flatMap(([mode, outcomes]) =>
    tried.flatMap((name) => {
      const seen = outcomes.get(name) ?? { outcome: 'unknown', events: [] };
      return hostProblem(name, mode, outcomeOf(name), seen) ?? [];
    }),
  );
  const limit = tried.length * modes.size;
  const measured = { value: limit - problems.length, limit, unit: 'attempts', source: TABLE };
  return problems.length === 0
    ? pass(
        `${limit} attempts in audit and enforce, each with the expected outcome${besides}`,
        measured,
      )
    : fail(`${problems.join('; ')}${besides}`, measured);
}
