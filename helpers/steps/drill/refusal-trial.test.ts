import { expect, test } from 'vitest';
import { readSettings } from '../../settings/settings.ts';
import { deniedOpens, opensOf, type Stretch, type WatchReport } from './enforcement-watch.ts';
import { countersOnlyGrew } from './refusal-counters.ts';
import { enforcementHeld } from './refusal-pauses.ts';
import type { Refusal, RefusalTrial } from './refusal-trial.ts';
import { rulesStayed } from './refused.ts';

const settings = readSettings({});

/** Two policies refused from 100 to 200 ms and from 300 to 400 ms. */
const refusal = (
  applyMs: readonly [number, number],
  counted: readonly [number, number],
): Refusal => ({
  ...{ name: 'huge', exitCode: 1, how: 'exit 1', addedRules: [], lostRules: [] },
  ...{ decisionsBefore: counted[0], decisions: counted[1], applyMs },
});
const grown = [refusal([100, 200], [10, 110]), refusal([300, 400], [110, 220])];

/** Stretches of opens, 2 ms from one to the next, alternating from denied on. */
function watched(first: 'denied' | 'allowed', ...opens: readonly number[]): WatchReport {
  let at = 0;
  const stretches = opens.map((count, index): Stretch => {
    const firstMs = at;
    at += 2 * count;
    const other = first === 'denied' ? 'allowed' : 'denied';
    const outcome = index % 2 === 0 ? first : other;
    return { outcome, firstMs, lastMs: at - 2, opens: count };
  });
  return { stretches, opens: opensOf(stretches), signals: deniedOpens(stretches) };
}

function trial(changes: Partial<RefusalTrial>): RefusalTrial {
  return {
    ...{ refusals: grown, guarded: watched('denied', 250), needed: watched('allowed', 250) },
    ...{ counted: 250, left: { addedRules: [], lostRules: [] } },
    ...changes,
  };
}

test('counters that only grew, and opens that were all denied, are well', () => {
  expect(countersOnlyGrew(trial({}), settings).verdict).toBe('pass');
  expect(enforcementHeld(trial({}), settings).verdict).toBe('pass');
});

test('opens that were all denied, and one in a hundred signalled, are not well', () => {
  const { guarded } = trial({});
  const signals = Math.floor(guarded.signals / 100);
  const judged = enforcementHeld(trial({ guarded: { ...guarded, signals } }), settings);
  expect(judged).toMatchObject({ verdict: 'fail', value: signals, limit: guarded.signals });
});

test('an open that went through is no decision that the counters lack', () => {
  const missed = trial({ guarded: watched('denied', 60, 1, 120, 1, 68), counted: 248 });
  expect(countersOnlyGrew(missed, settings)).toMatchObject({ verdict: 'pass' });
  expect(countersOnlyGrew(trial({ counted: 200 }), settings)).toMatchObject({
    verdict: 'fail',
    explanation: expect.stringContaining('250 opens were denied, 200 are counted'),
  });
});

test('counters that went backwards are a finding', () => {
  const reset = trial({ refusals: [refusal([100, 200], [106, 4])], counted: undefined });
  expect(countersOnlyGrew(reset, settings).explanation).toContain('huge (106 → 4)');
});

test('single opens that went through are missed denials, and no pause explains them', () => {
  // The first while a policy was refused, the second while none was.
  const judged = enforcementHeld(
    trial({ guarded: watched('denied', 60, 1, 60, 1, 128) }),
    settings,
  );
  expect(judged.verdict).toBe('fail');
  expect(judged.explanation).toContain('2 of 250 opens of the guarded file went through, one at a');
  expect(judged.explanation).not.toContain('pause');
  expect(judged.findings).toBeUndefined();
});

test('a pause is several opens in a row while a policy is refused, from one denial to the next', () => {
  const judged = enforcementHeld(
    trial({ guarded: watched('denied', 60, 20, 75, 1, 94) }),
    settings,
  );
  expect(judged.findings).toMatchObject([{ title: 'a refused policy pauses enforcement' }]);
  expect(judged.explanation).toContain('21 of 250 opens');
  expect(judged.explanation).toContain('in 2 pauses of at most 42 ms');
});

test('opens that go through while nothing is applied are told beside a pause', () => {
  const judged = enforcementHeld(
    trial({ guarded: watched('denied', 60, 20, 40, 5, 125) }),
    settings,
  );
  expect(judged.explanation).toMatch(
    /5 of 250 opens .* denials were missed; finding .* 1 pause of/,
  );
  expect(judged.findings).toHaveLength(1);
});

test("a free file that is denied is not the guarded one's pause", () => {
  const judged = enforcementHeld(trial({ needed: watched('allowed', 100, 3, 147) }), settings);
  expect(judged.explanation).toContain('3 opens of a file without a rule were denied');
});

test('rules that differ after the last one, though each seemed to change nothing, blame none of them by name', () => {
  expect(rulesStayed(trial({}))).toBeUndefined();
  const judged = rulesStayed(
    trial({ left: { addedRules: ['/b (1:2)'], lostRules: ['/a (1:1)'] } }),
  );
  expect(judged).toMatchObject({ verdict: 'fail', value: 2 });
  expect(judged?.explanation).toContain('which of 2 did that: lost /a (1:1), added /b (1:2)');
  expect(judged?.explanation).not.toContain('huge');
});
