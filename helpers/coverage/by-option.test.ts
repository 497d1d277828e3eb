import { expect, test } from 'vitest';
import type { Figure } from '../settings/thresholds.ts';
import { type ByOption, judgeOption, RUN_OPTIONS } from './by-option.ts';
import type { KeptLine } from './kept-routes.ts';

const REFUSED = { outcome: 'refused', errno: 'EPERM', call: 'EPERM: open' } as const;
const FREE = { outcome: 'passed' } as const;
const denied = (route: KeptLine['line']['route'], answer: KeptLine['answer'] = REFUSED) =>
  ({ line: { kind: 'root', route, expected: 'denied' }, answer }) as const;
const beside = (answer: KeptLine['answer']): KeptLine => ({
  line: { kind: 'neighbour', route: 'survivor-read', expected: 'open' },
  answer,
});
const counted = (value: number): Figure => ({ known: true, value, source: 'blocks' });
const met = (change: Partial<ByOption>): ByOption => ({
  lines: [denied('read'), denied('exec-by-name'), beside(FREE)],
  hooks: { lsm_file_open: true, lsm_inode_permission: false },
  ...{ told: 1, decisions: counted(2) },
  ...change,
});
const INODE = { lsm_file_open: false, lsm_inode_permission: true };

test.each<[string, keyof typeof RUN_OPTIONS, Partial<ByOption>, string, RegExp]>([
  [
    'all as without it',
    'sampled',
    {},
    'pass',
    /^3 routes as without --event-sample-rate=4000000000$/,
  ],
  [
    'a denial lost with its line',
    'sampled',
    { lines: [denied('read', FREE)] },
    'fail',
    /^with --event-sample-rate=4000000000 .*: open for reading by root goes through; who runs/,
  ],
  [
    'a denial that is not counted',
    'sampled',
    { decisions: counted(1) },
    'fail',
    /2 routes were refused, and blocks grew by 1:/,
  ],
  [
    'counters that cannot be read',
    'sampled',
    { decisions: { known: false, reason: 'no scrape', source: 'blocks' } },
    'inconclusive',
    /^no scrape$/,
  ],
  [
    'a line of each denial',
    'sampled',
    { told: 2 },
    'inconclusive',
    /it wrote 2 event lines of 2 denials, where nearly all must be left out: the option is not/,
  ],
  [
    'an answer that nobody knows',
    'sampled',
    { lines: [denied('read', 'was killed')] },
    'inconclusive',
    /^nobody knows what comes of these with .*: open for reading by root \(was killed\)$/,
  ],
  ['nothing denied', 'sampled', { lines: [beside(FREE)] }, 'inconclusive', /^no route was denied/],
  ['the other hook alone', 'lsm-hook-inode', { hooks: INODE, told: 9 }, 'pass', /^3 routes/],
  [
    'a survivor that is denied',
    'lsm-hook-both',
    { lines: [denied('read'), beside(REFUSED)] },
    'fail',
    /with --lsm-hook=both .*: open for reading of a running program of the survival list by root, beside the rules is denied/,
  ],
  [
    'one hook for both',
    'lsm-hook-both',
    { hooks: INODE },
    'inconclusive',
    /--lsm-hook=both, and its capability report has lsm_file_open not attached:/,
  ],
])('%s', (_, name, change, verdict, words) => {
  const judged = judgeOption(RUN_OPTIONS[name], met(change), 'routes.json');
  expect(judged.verdict).toBe(verdict);
  expect(judged.explanation).toMatch(words);
});
