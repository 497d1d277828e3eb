import { expect, test } from 'vitest';
import { judgeModeKept, type KeptMode } from './mode-kept.ts';

const line = { kind: 'root', route: 'read', group: 'open-modes', expected: 'denied' } as const;
const PASSED = { outcome: 'passed' } as const;
const DENIED = { outcome: 'refused', errno: 'EPERM', call: 'open' } as const;
const good: KeptMode = {
  behindApply: { lines: [{ line, met: PASSED }], actions: ['AUDIT'], areAll: true },
  added: { outcome: 'let through', actions: ['AUDIT'] },
};
const judged = (
  sighting: Partial<KeptMode['behindApply']>,
  added: Partial<KeptMode['added']> = {},
) =>
  judgeModeKept(
    {
      behindApply: { ...good.behindApply, ...sighting },
      added: { ...good.added, ...added },
    },
    'coverage/audit/mode-kept.json',
  );

test('an agent that audits on passes', () => {
  expect(judged({}).verdict).toBe('pass');
});

test.each([
  [
    'denies behind the apply',
    judged({ lines: [{ line, met: DENIED }], actions: ['BLOCK'] }),
    /^behind a `policy apply` .* these are denied: open for reading by root; hosts that are only watched/,
  ],
  [
    'tells a denial',
    judged({ actions: ['BLOCK'] }),
    /1 event line of 1 said BLOCK, expected AUDIT/,
  ],
  ['tells nothing', judged({ actions: [] }), /what would be denied is no longer seen/],
  [
    'denies what a command denies',
    judged({}, { outcome: 'EPERM', actions: ['BLOCK'] }),
    /met EPERM/,
  ],
  ['tells that as a denial', judged({}, { actions: ['TERM'] }), /with action TERM/],
])('an agent that %s fails', (_, judgement, words) => {
  expect(judgement).toMatchObject({
    verdict: 'fail',
    explanation: expect.stringMatching(words),
  });
});

test.each([
  ['no route was as it must be', judged({ lines: [], actions: [] })],
  ['lines may be under way', judged({ actions: [], areAll: false })],
  ['an attempt told nothing', judged({ lines: [{ line, met: 'its process ended' }] })],
  ['no event came of the new rule', judged({}, { actions: [] })],
  ['the open met something else', judged({}, { outcome: 'ENOENT' })],
])('where %s, it is no pass', (_, judgement) => {
  expect(judgement.verdict).toBe('inconclusive');
});
