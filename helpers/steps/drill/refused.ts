import { fail, type Judgement, noEvidence, pass, worst } from '../../criteria/judgement.ts';
import { judgeDefect } from '../phases/known-defects.ts';
import type { Stretch, WatchReport } from './enforcement-watch.ts';
import { applyRefused, differs, type RefusalTrial } from './refusal-trial.ts';
import type { DrillStage } from './stage.ts';

/** Policies that must be refused, applied one after the other to a host that enforces the baseline. */
export class RefusedPolicies {
  readonly #stage: DrillStage;
  #trial: RefusalTrial | undefined;

  constructor(stage: DrillStage) {
    this.#stage = stage;
  }

  /** Every one of them is refused, with an exit code that says so. */
  async areRefused(): Promise<Judgement> {
    this.#trial = await applyRefused(this.#stage);
    const { refusals } = this.#seen();
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
    const changed = this.#seen().refusals.filter((one) => one.exitCode !== 0 && differs(one));
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
    const { refusals, guarded, counted } = this.#seen();
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
    if (resets.length === 0 && counted !== undefined && counted < guarded.opens - 1)
      resets.push(
        `one or more of them (${guarded.opens} opens were decided, ${counted} are counted)`,
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

  #enforcementHeld(): Judgement {
    const { refusals, guarded, needed } = this.#seen();
    // While an accepted one was in force, its own rules were: that is the acceptance's finding.
    const meanwhile = refusals.flatMap(({ inForceMs }) => (inForceMs ? [inForceMs] : []));
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

  #seen(): RefusalTrial {
    if (this.#trial === undefined)
      throw noEvidence('the policies that must be refused were not applied');
    return this.#trial;
  }
}

const longestMs = (stretches: WatchReport['stretches']) =>
  Math.round(Math.max(...stretches.map(({ firstMs, lastMs }) => lastMs - firstMs)));
