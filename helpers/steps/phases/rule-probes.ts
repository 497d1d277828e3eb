import type { Probe } from '../../coverage/probe.ts';
import type { TriedRule } from '../../coverage/rule-commands.ts';
import type { Answer } from '../../coverage/site.ts';
import { type Kind, type Line, lineText } from '../../coverage/table.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { CoverageMode } from './coverage-phase.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';

type Way = Pick<Line, 'kind' | 'route'>;

/** Processes of the kinds of the table, by which single rules are tried while the agent enforces. */
class RuleProbes {
  readonly #subjects: Pick<CoverageSubjects, 'begin' | 'notRun' | 'promises'>;
  readonly #daemon: CoverageMode['daemon'];
  readonly #judged: CoverageMode['judged'];
  readonly #probes = new Map<Kind, Probe | string>();

  constructor(
    subjects: Pick<CoverageSubjects, 'begin' | 'notRun' | 'promises'>,
    enforce: Pick<CoverageMode, 'daemon' | 'judged'>,
  ) {
    this.#subjects = subjects;
    this.#daemon = enforce.daemon;
    this.#judged = () => enforce.judged();
  }

  /** Why neither this version nor this host has such a rule to try; undefined where both do. */
  whyNot({ section, ...way }: Way & { readonly section: string }): string | undefined {
    const { notRun, promises } = this.#subjects;
    if (promises.unknownSections.includes(section)) return `this version has no [${section}]`;
    return notRun.get(lineText(way));
  }

  /** Whether the table's own criterion had nothing to blame on this line. */
  async held({ kind, route }: Way): Promise<boolean> {
    const judged = await this.#judged();
    return judged.some(
      ({ verdict, taken: { line } }) =>
        line.kind === kind && line.route === route && verdict === 'pass',
    );
  }

  /** @returns in words why nobody knows what came of it. */
  async take({ kind, route }: Way): Promise<Answer | string> {
    const probe = this.#probes.get(kind) ?? this.#subjects.begin(kind);
    this.#probes.set(kind, probe);
    if (typeof probe === 'string') return probe;
    const pid = await probe.up();
    if (typeof pid === 'string') return pid;
    // They are decisions on the canary's own attempts, and nobody has to review them.
    this.#daemon().events.watchProcess(pid);
    return probe.take(route);
  }

  async end(): Promise<void> {
    for (const probe of this.#probes.values()) if (typeof probe !== 'string') await probe.end();
  }
}

/** What single rules are tried with. */
export interface RuleTrial {
  readonly run: CanaryRun;
  readonly subjects: CoverageSubjects;
  readonly probes: RuleProbes;
}

/** Tries rules one at a time, for each command waits for the lock of the one before it; the processes end with the last. */
export async function tryEach<One>(
  { run, subjects }: Pick<RuleTrial, 'run' | 'subjects'>,
  enforce: Pick<CoverageMode, 'daemon' | 'judged'>,
  rules: (made: CoverageSubjects['made']) => readonly One[],
  tryOne: (one: One, trial: RuleTrial) => Promise<TriedRule>,
): Promise<readonly TriedRule[]> {
  enforce.daemon();
  const probes = new RuleProbes(subjects, enforce);
  try {
    const tried: TriedRule[] = [];
    for (const one of rules(subjects.made))
      tried.push(await tryOne(one, { run, subjects, probes }));
    return tried;
  } finally {
    await probes.end();
  }
}

/** A rule refuses with EPERM (docs/agent-contract.md §9.1). */
export const isAs = (answer: Answer, outcome: Answer['outcome']): boolean =>
  answer.outcome === 'refused'
    ? outcome === 'refused' && answer.errno === 'EPERM'
    : outcome === 'passed';

/** Refused by something else than a rule, which shows neither that there is one nor that there is none. */
export const isStrange = (answer: Answer): boolean =>
  !isAs(answer, 'passed') && !isAs(answer, 'refused');

export const met = (answer: Answer): string =>
  answer.outcome === 'passed' ? 'went through' : `was refused with ${answer.errno}`;
