import { fail, inconclusive, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { counted } from '../../text/counted.ts';
import { applyKilled, type WholeApplies } from './apply-killed.ts';
import { opensOf } from './enforcement-watch.ts';
import type { DrillStage } from './stage.ts';

const SOURCE = 'rollback/apply-killed.json';

/** Policies that are applied whole, and some that are killed half-way, under opens of a file that all of them deny. */
export class AppliesUnderLoad {
  readonly #stage: DrillStage;
  #whole: WholeApplies | undefined;

  constructor(stage: DrillStage) {
    this.#stage = stage;
  }

  killed(): Promise<Judgement> {
    return applyKilled(this.#stage, (seen) => {
      this.#whole = seen;
    });
  }

  /** How long enforcement was gone while one was applied whole. */
  pauses(): Judgement {
    if (this.#whole === undefined) throw noEvidence('no policy was applied under load');
    return judgePauses(this.#whole, this.#stage.run.settings.MAX_APPLY_PAUSE_MS);
  }
}

/** The longest time in which a policy that was being applied let denied opens through, against the limit. */
export function judgePauses({ applyMs, guarded }: WholeApplies, mostMs: number): Judgement {
  const { stretches } = guarded;
  const [begun = Infinity, ended = -Infinity] = [stretches[0]?.firstMs, stretches.at(-1)?.lastMs];
  if (applyMs.length === 0 || applyMs.some(([from, to]) => begun > from || ended < to))
    return inconclusive('opens of ours do not cover the time in which policies were applied', {
      ...{ limit: mostMs, unit: 'ms', source: SOURCE },
    });
  const pauses = stretches.flatMap((one, at) => {
    const [before, after] = [stretches[at - 1], stretches[at + 1]];
    const isMeanwhile = applyMs.some(([from, to]) => one.firstMs <= to && one.lastMs >= from);
    if (one.outcome === 'denied' || !isMeanwhile) return [];
    const ms = (after?.firstMs ?? one.lastMs) - (before?.lastMs ?? one.firstMs);
    // What this host held up is no part of what the opens alone show.
    return { opens: one.opens, ms, provenMs: one.lastMs - one.firstMs };
  });
  const [longest] = pauses.toSorted((one, other) => other.ms - one.ms);
  const value = Math.round(longest?.ms ?? 0);
  const measured = { value, limit: mostMs, unit: 'ms', source: SOURCE };
  const limit = `limit MAX_APPLY_PAUSE_MS=${mostMs}`;
  if (longest === undefined)
    return pass(
      `enforcement did not pause in ${counted(applyMs.length, 'whole apply', 'whole applies')}, ${limit}`,
      measured,
    );
  const text = `while a policy was applied, ${opensOf(pauses)} opens of a file that is denied before and after went through, in ${counted(pauses.length, 'pause')} of at most ${value} ms, ${limit}`;
  if (longest.ms <= mostMs) return pass(text, measured);
  if (pauses.some(({ provenMs }) => provenMs > mostMs)) return fail(text, measured);
  return inconclusive(`${text}; this host made no opens in the rest of it`, measured);
}
