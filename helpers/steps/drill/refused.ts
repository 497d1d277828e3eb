import {
  fail,
  inconclusive,
  type Judgement,
  noEvidence,
  pass,
  together,
} from '../../criteria/judgement.ts';
import { acceptedPolicy } from '../../settings/known-defects.ts';
import { counted } from '../../text/counted.ts';
import { judgeDefect } from '../phases/known-defects.ts';
import { countersOnlyGrew } from './refusal-counters.ts';
import { enforcementHeld } from './refusal-pauses.ts';
import { applyRefused, differs, type RefusalTrial } from './refusal-trial.ts';
import { signedTakesRuleAway } from './signed-change.ts';
import { type SignedPolicies, signedPolicies, takesSigned } from './signed-policies.ts';
import type { DrillStage } from './stage.ts';

/** Policies that must be refused, applied one after the other to a host that enforces the baseline. */
export class RefusedPolicies {
  readonly #stage: DrillStage;
  #trial: RefusalTrial | undefined;
  #signed: SignedPolicies | undefined;
  /** Why no signed policy could be put in force. */
  #takesNone: string | undefined;

  constructor(stage: DrillStage) {
    this.#stage = stage;
  }

  /** Every one of them is refused, with an exit code that says so. */
  async areRefused(): Promise<Judgement> {
    const signed = signedPolicies(this.#stage.prepared());
    this.#signed = signed;
    await this.#stage.runningAgent();
    const why = await takesSigned(this.#stage, signed);
    this.#takesNone = why;
    this.#trial = await applyRefused(this.#stage, signed);
    const { refusals } = this.#trial;
    const accepted = refusals.filter(({ exitCode }) => exitCode === 0);
    const unclear = refusals.filter(({ exitCode }) => exitCode === undefined);
    const source = 'rollback/refused-policies.json';
    const measured = { value: accepted.length, limit: 0, unit: 'accepted', source };
    if (unclear.length > 0)
      return fail(
        `\`policy apply\` did not end by itself for ${unclear.map(({ name, how }) => `${name} (${how})`).join('; ')}`,
        { value: unclear.length, limit: 0, unit: 'commands', source },
      );
    // One finding a policy: who accepts one must not thereby have accepted the next.
    const [first, ...more] = accepted.map(({ name }) =>
      judgeDefect(
        this.#stage.run.settings,
        acceptedPolicy(name),
        {
          title: `policy apply accepts a policy that it should refuse: ${name}`,
          severity: 'high',
          reference: 'docs/agent-contract.md §1.5',
          detail: `\`policy apply\` exited with 0 for: ${name}; a policy that is broken, or not meant for this version, would be put in force`,
        },
        measured,
      ),
    );
    if (first === undefined && why !== undefined)
      return inconclusive(
        `${counted(refusals.length, 'policy', 'policies')} refused, and so was one in order that a key signed which the agent knows (AEGIS_KEYS_DIR), in the words of its own unit: ${why}; so nobody knows whether it looks at signatures, and a host that demands them would take no policy`,
        { value: 0, limit: 1, unit: 'signed policies taken', source },
      );
    if (first === undefined)
      return pass(
        `${counted(refusals.length, 'policy', 'policies')} refused with a non-zero exit code`,
        measured,
      );
    return together([first, ...more]);
  }

  /** Whatever the exit code: the rules and the enforcement are as before, all the time. */
  rulesStay(): Judgement {
    return rulesStayed(this.#seen()) ?? enforcementHeld(this.#seen(), this.#stage.run.settings);
  }

  /** A refused policy resets no counter: whoever watches the node would see an attack end. */
  countersStay(): Judgement {
    return countersOnlyGrew(this.#seen(), this.#stage.run.settings);
  }

  /** One in order that takes a rule away is no policy to refuse. */
  takesRuleAway(): Promise<Judgement> {
    if (this.#signed === undefined) throw noEvidence('no policy was signed');
    if (this.#takesNone !== undefined)
      throw noEvidence(`the agent takes no signed policy: ${this.#takesNone}`);
    return signedTakesRuleAway(this.#stage, this.#signed);
  }

  #seen(): RefusalTrial {
    if (this.#trial === undefined)
      throw noEvidence('the policies that must be refused were not applied');
    return this.#trial;
  }
}

/** What the rules are that are not as before, if any. */
export function rulesStayed({ refusals, left }: Pick<RefusalTrial, 'refusals' | 'left'>) {
  const changed = refusals.filter((one) => one.exitCode !== 0 && differs(one));
  const [first] = changed;
  const measured = (value: number) => ({
    ...{ value, limit: 0, unit: 'refused policies', source: 'aegisbpf block list' },
  });
  if (first !== undefined)
    return fail(
      `after a refused policy the rules differ (${changed.map(({ name }) => name).join(', ')}); ${first.name}: ${inWords(first)}`,
      measured(changed.length),
    );
  if (!differs(left)) return undefined;
  return fail(
    `after the last refused policy the rules differ, and it is unknown which of ${refusals.length} did that: ${inWords(left)}`,
    measured(refusals.length),
  );
}

const inWords = ({ lostRules, addedRules }: RefusalTrial['left']) =>
  `lost ${lostRules.slice(0, 3).join(', ') || 'none'}, added ${addedRules.slice(0, 3).join(', ') || 'none'}`;
