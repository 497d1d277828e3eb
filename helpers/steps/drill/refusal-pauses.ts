import { fail, type Judgement, pass } from '../../criteria/judgement.ts';
import type { Settings } from '../../settings/settings.ts';
import { counted } from '../../text/counted.ts';
import { judgeDefect } from '../phases/known-defects.ts';
import { opensOf, type Stretch, wrongSignals } from './enforcement-watch.ts';
import type { Refusal, RefusalTrial } from './refusal-trial.ts';

/** Opens in a row that were not denied, and the time between the denied ones around them. */
interface Opening extends Pick<Stretch, 'opens'> {
  readonly fromMs: number;
  readonly toMs: number;
}

const SOURCE = 'rollback/refused-policies.json';

/** Enforcement while policies were refused: throughout, with pauses, or with denials that were missed. */
export function enforcementHeld(trial: RefusalTrial, settings: Settings): Judgement {
  const { refusals, guarded, needed } = trial;
  // While an accepted one was in force, its own rules were: that is the acceptance's finding.
  const meanwhile = refusals.flatMap(({ inForceMs }) => (inForceMs ? [inForceMs] : []));
  const counts = ({ firstMs, lastMs }: Stretch) =>
    !meanwhile.some(([from, to]) => firstMs <= to && lastMs >= from);
  const refused = needed.stretches.filter((one) => one.outcome !== 'allowed' && counts(one));
  const openings = guarded.stretches.flatMap((one, at, all) =>
    one.outcome === 'denied' || !counts(one) ? [] : [openingAt(all, at, one)],
  );
  const opens = opensOf(openings) + opensOf(refused);
  const measured = { value: opens, limit: 0, unit: 'opens', source: SOURCE };
  if (refused.length > 0)
    return fail(
      `while policies were refused, ${opensOf(refused)} opens of a file without a rule were denied`,
      measured,
    );
  if (openings.length === 0)
    return (
      wrongSignals(guarded, settings.ENFORCE_SIGNAL) ??
      pass(
        `the same rules after each; ${guarded.opens} opens of the guarded file denied, ${needed.opens} of the free one allowed, throughout`,
        measured,
      )
    );
  const pauses = pausesAmong(openings, refusals);
  const missed = openings.filter((one) => !pauses.includes(one));
  const paused = pauses.length === 0 ? undefined : pauseDefect(pauses, guarded.opens, settings);
  if (missed.length === 0 && paused !== undefined) return paused;
  const text = `while policies were refused, ${opensOf(missed)} of ${guarded.opens} opens of the guarded file went through, one at a time or while no \`policy apply\` ran: denials were missed`;
  return {
    ...fail(paused === undefined ? text : `${text}; ${paused.explanation}`, measured),
    ...(paused?.findings === undefined ? {} : { findings: paused.findings }),
  };
}

function openingAt(all: readonly Stretch[], at: number, one: Stretch): Opening {
  const fromMs = all[at - 1]?.lastMs ?? one.firstMs;
  return { opens: one.opens, fromMs, toMs: all[at + 1]?.firstMs ?? one.lastMs };
}

/**
 * Those that are pauses of a refused policy: while one was being applied, several opens in a row. Where
 * there is such a one, a shorter one of the same time is its like; single opens alone tell no pause.
 */
function pausesAmong(openings: readonly Opening[], refusals: readonly Refusal[]): Opening[] {
  const inside = openings.filter(({ fromMs, toMs }) =>
    refusals.some(({ applyMs: [from, to] }) => fromMs <= to && toMs >= from),
  );
  return inside.some(({ opens }) => opens > 1) ? inside : [];
}

function pauseDefect(pauses: readonly Opening[], opens: number, settings: Settings): Judgement {
  const longestMs = Math.round(Math.max(...pauses.map(({ fromMs, toMs }) => toMs - fromMs)));
  const through = opensOf(pauses);
  return judgeDefect(
    settings,
    'refused-policy-pauses-enforcement',
    {
      title: 'a refused policy pauses enforcement',
      severity: 'medium',
      reference: 'docs/agent-contract.md §6.5',
      detail: `while \`policy apply\` ran and refused, ${through} of ${opens} opens of the guarded file went through, in ${counted(pauses.length, 'pause')} of at most ${longestMs} ms`,
    },
    { value: through, limit: 0, unit: 'opens', source: SOURCE },
  );
}
