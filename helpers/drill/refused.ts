import { howItEnded } from '../agent/command.ts';
import { listFileRules, ruleText } from '../agent/rules.ts';
import { scrapeCommand } from '../agent/scrape.ts';
import { fail, type Judgement, noEvidence, pass, worst } from '../evidence/judgement.ts';
import { judgeDefect } from '../phases/known-defects.ts';
import { DECISION_FAMILIES, familyTotal } from '../soak/counters.ts';
import {
  EnforcementWatch,
  FIRST_OPEN_TIMEOUT_MS,
  type Stretch,
  type WatchReport,
} from './enforcement-watch.ts';
import { type RefusedCase, refusedCases } from './refused-cases.ts';
import type { DrillStage } from './stage.ts';

/** What one policy that must be refused did. */
interface Refusal {
  readonly name: string;
  readonly exitCode: number | undefined;
  readonly how: string;
  readonly addedRules: readonly string[];
  readonly lostRules: readonly string[];
  /** Decisions counted before and after it; undefined where the metrics could not be read. */
  readonly decisionsBefore: number | undefined;
  readonly decisions: number | undefined;
  /** Where it was accepted: from when until when it was in force, in ms of CLOCK_MONOTONIC. */
  readonly inForceMs?: readonly [number, number];
}

/** Policies that must be refused, applied one after the other to a host that enforces the baseline. */
export class RefusedPolicies {
  readonly #stage: DrillStage;
  #refusals: readonly Refusal[] | undefined;
  #guarded: WatchReport | undefined;
  #needed: WatchReport | undefined;
  /** Decisions counted from before the first open to after the last; undefined when we reset them. */
  #counted: number | undefined;

  constructor(stage: DrillStage) {
    this.#stage = stage;
  }

  /** Every one of them is refused, with an exit code that says so. */
  async areRefused(): Promise<Judgement> {
    await this.#applyAll();
    const refusals = this.#seen();
    const accepted = refusals.filter(({ exitCode }) => exitCode === 0);
    const unclear = refusals.filter(({ exitCode }) => exitCode === undefined);
    const source = 'rollback/refused-policies.json';
    const measured = { value: accepted.length, limit: 0, unit: 'accepted', source };
    if (unclear.length > 0) {
      return fail(
        `\`policy apply\` did not end by itself for ${unclear.map(({ name, how }) => `${name} (${how})`).join('; ')}`,
        { value: unclear.length, limit: 0, unit: 'commands', source },
      );
    }
    if (accepted.length === 0)
      return pass(`${refusals.length} policies refused with a non-zero exit code`, measured);
    // One finding a policy: who accepts one must not thereby have accepted the next.
    const findings = accepted.map(({ name }) =>
      judgeDefect(
        this.#stage.run.settings,
        `policy-accepted-${name.replaceAll(' ', '-')}`,
        {
          title: `policy apply accepts a policy that it should refuse: ${name}`,
          severity: 'high',
          reference: 'agent-contract.md §1.5',
          detail: `\`policy apply\` exited with 0 for: ${name}; a policy that is broken, or not meant for this version, would be put in force`,
        },
        measured,
      ),
    );
    const [first, ...more] = findings;
    return first === undefined
      ? pass('nothing was accepted', measured)
      : {
          ...worst([first, ...more]),
          findings: findings.flatMap((judgement) => judgement.findings ?? []),
        };
  }

  /** Whatever the exit code: the rules and the enforcement are as before, all the time. */
  rulesStay(): Judgement {
    const changed = this.#seen().filter((one) => one.exitCode !== 0 && differs(one));
    const source = 'aegisbpf block list';
    if (changed.length > 0) {
      const [first] = changed;
      return fail(
        `after a refused policy the rules differ (${changed.map(({ name }) => name).join(', ')}); ${first?.name}: lost ${first?.lostRules.slice(0, 3).join(', ') || 'none'}, added ${first?.addedRules.slice(0, 3).join(', ') || 'none'}`,
        { value: changed.length, limit: 0, unit: 'refused policies', source },
      );
    }
    return this.#enforcementHeld();
  }

  /** A refused policy resets no counter: whoever watches the node would see an attack end. */
  countersStay(): Judgement {
    const refusals = this.#seen();
    const source = 'aegisbpf metrics, aegisbpf_blocks_total';
    const unread = refusals.filter(
      ({ decisionsBefore, decisions }) => decisionsBefore === undefined || decisions === undefined,
    );
    if (unread.length > 0) {
      const names = unread.map(({ name }) => name).join(', ');
      throw noEvidence(`the metrics could not be read around refused policies: ${names}`, {
        source,
      });
    }
    const resets = refusals.flatMap(({ name, exitCode, decisionsBefore = 0, decisions = 0 }) =>
      exitCode !== 0 && decisions < decisionsBefore
        ? [`${name} (${decisionsBefore} → ${decisions})`]
        : [],
    );
    // On a slow host a counter has grown past its old value again before it is read.
    const opens = this.#guarded?.opens ?? 0;
    if (resets.length === 0 && this.#counted !== undefined && this.#counted < opens - 1)
      resets.push(
        `one or more of them (${opens} opens were decided, ${this.#counted} are counted)`,
      );
    const measured = { value: resets.length, limit: 0, unit: 'resets', source };
    if (resets.length === 0)
      return pass(`decisions only grew, over ${refusals.length} refused policies`, measured);
    return judgeDefect(
      this.#stage.run.settings,
      'refused-policy-resets-counters',
      {
        title: 'a refused policy resets the counters',
        severity: 'medium',
        reference: 'agent-contract.md §6.5, §3.2',
        detail: `the decision counters went backwards after \`policy apply\` refused: ${resets.join(', ')}; alerts that are built on them see a restart, and counts of the time before are lost`,
      },
      measured,
    );
  }

  async #applyAll(): Promise<void> {
    const stage = this.#stage;
    const { environment } = stage.run.candidate;
    const prepared = stage.prepared();
    await stage.runningAgent();
    const countedBefore = await this.#decisions();
    const guarded = new EnforcementWatch(prepared.guarded, environment);
    const needed = new EnforcementWatch(prepared.needed, environment);
    try {
      const up = await Promise.all([
        guarded.until('denied', FIRST_OPEN_TIMEOUT_MS),
        needed.until('allowed', FIRST_OPEN_TIMEOUT_MS),
      ]);
      if (up.includes(false))
        throw noEvidence('the baseline was not enforced before the first refused policy');
      const before = await this.#rules();
      const refusals: Refusal[] = [];
      let decisions = await this.#decisions();
      for (const one of refusedCases(prepared)) {
        const refusal = await this.#applyOne(one, before, decisions);
        refusals.push(refusal);
        stage.run.directory.appendLine('rollback/refused-policies.ndjson', refusal);
        decisions = refusal.decisions;
        // The next one must again meet the baseline, whose apply resets the counters.
        if (refusal.exitCode === 0 || differs(refusal)) decisions = await this.#decisions();
      }
      this.#refusals = refusals;
      [this.#guarded, this.#needed] = await Promise.all([guarded.stop(), needed.stop()]);
      const countedAfter = await this.#decisions();
      const weReset = refusals.some((one) => one.exitCode === 0 || differs(one));
      if (!weReset && countedBefore !== undefined && countedAfter !== undefined)
        this.#counted = countedAfter - countedBefore;
      stage.run.directory.writeJson('rollback/refused-policies.json', {
        refusals,
        guarded: this.#guarded,
        needed: this.#needed,
      });
    } finally {
      guarded.kill();
      needed.kill();
    }
  }

  async #applyOne(
    { name, args }: RefusedCase,
    before: readonly string[],
    decisionsBefore: number | undefined,
  ): Promise<Refusal> {
    const stage = this.#stage;
    const begun = nowMs();
    const result = await stage.command('policy', 'apply', ...args, '--reset');
    const refusal: Refusal = {
      name,
      exitCode: result.exitCode,
      how: howItEnded(result),
      ...differences(before, await this.#rules()),
      decisionsBefore,
      decisions: await this.#decisions(),
    };
    if (result.exitCode !== 0 && !differs(refusal)) return refusal;
    await stage.apply(stage.prepared().baselinePolicy);
    return result.exitCode === 0
      ? { ...refusal, inForceMs: [begun, nowMs() + SETTLE_MS] }
      : refusal;
  }

  #enforcementHeld(): Judgement {
    const [guarded, needed] = [this.#guarded, this.#needed];
    if (guarded === undefined || needed === undefined)
      throw noEvidence('the opens beside the refused policies left no report');
    // While an accepted one was in force, its own rules were: that is the acceptance's finding.
    const meanwhile = this.#seen().flatMap(({ inForceMs }) => (inForceMs ? [inForceMs] : []));
    const counts = ({ firstMs, lastMs }: Stretch) =>
      !meanwhile.some(([from, to]) => firstMs <= to && lastMs >= from);
    const through = guarded.stretches.filter((one) => one.outcome !== 'denied' && counts(one));
    const refused = needed.stretches.filter((one) => one.outcome !== 'allowed' && counts(one));
    const source = 'rollback/refused-policies.json';
    const opens = (list: typeof through) => list.reduce((sum, one) => sum + one.opens, 0);
    const measured = { value: opens(through) + opens(refused), limit: 0, unit: 'opens', source };
    if (opens(refused) > 0) {
      return fail(
        `while policies were refused, ${opens(refused)} opens of a file without a rule were denied`,
        measured,
      );
    }
    if (opens(through) === 0) {
      return pass(
        `the same rules after each; ${guarded.opens} opens of the guarded file denied, ${needed.opens} of the free one allowed, throughout`,
        measured,
      );
    }
    return judgeDefect(
      this.#stage.run.settings,
      'refused-policy-pauses-enforcement',
      {
        title: 'a refused policy pauses enforcement',
        severity: 'medium',
        reference: 'agent-contract.md §6.5',
        detail: `while policies were refused, ${opens(through)} of ${guarded.opens} opens of the guarded file went through, in ${through.length} pauses of up to ${longestMs(through)} ms: the automatic rollback applies the last policy again`,
      },
      measured,
    );
  }

  async #rules(): Promise<string[]> {
    const { candidate, commandTimeoutSeconds } = this.#stage.run;
    return (await listFileRules(candidate, commandTimeoutSeconds)).map(ruleText);
  }

  async #decisions(): Promise<number | undefined> {
    const { candidate, commandTimeoutSeconds } = this.#stage.run;
    const scrape = await scrapeCommand(candidate, commandTimeoutSeconds);
    return scrape.ok ? familyTotal(scrape.metrics, DECISION_FAMILIES) : undefined;
  }

  #seen(): readonly Refusal[] {
    if (this.#refusals === undefined)
      throw noEvidence('the policies that must be refused were not applied');
    return this.#refusals;
  }
}

/** Opens that were under way when the baseline was back. */
const SETTLE_MS = 100;
/** The clock of the processes that open. */
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

const differs = ({ addedRules, lostRules }: Pick<Refusal, 'addedRules' | 'lostRules'>) =>
  addedRules.length + lostRules.length > 0;

/** The first few of each suffice: a policy that was accepted may hold thousands. */
const SHOWN_RULES = 20;

function differences(before: readonly string[], now: readonly string[]) {
  const [was, is] = [new Set(before), new Set(now)];
  return {
    addedRules: now.filter((rule) => !was.has(rule)).slice(0, SHOWN_RULES),
    lostRules: before.filter((rule) => !is.has(rule)).slice(0, SHOWN_RULES),
  };
}

const longestMs = (stretches: WatchReport['stretches']) =>
  Math.round(Math.max(...stretches.map(({ firstMs, lastMs }) => lastMs - firstMs)));
