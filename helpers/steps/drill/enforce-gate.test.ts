import { expect, test } from 'vitest';
import { type GatedStart, judgeGate } from './enforce-gate.ts';

const REFUSED: GatedStart = {
  ...{ endedByItself: true, end: 'exit code 1', exitCode: 1 },
  ...{ reasons: 'CAPABILITY_AUDIT_ONLY', lastWords: 'kernel is audit-only' },
};
const AUDITS = { audits: true, lsmEnabled: false };

test.each<[string, Partial<GatedStart>, string, RegExp]>([
  [
    'ends with 1',
    {},
    'pass',
    /ended with exit code 1 \(kernel is audit-only\); with the host's own/,
  ],
  [
    'ends with 0',
    { exitCode: 0, end: 'exit code 0' },
    'fail',
    /with exit code 0, so whoever starts it sees no refusal; its last words: kernel is/,
  ],
  [
    'goes on and audits',
    { endedByItself: false, started: AUDITS },
    'fail',
    /the agent went on and audits \(CAPABILITY_AUDIT_ONLY\): a node that boots such a kernel denies nothing/,
  ],
  [
    'audits for a while and ends',
    { started: AUDITS },
    'fail',
    /the agent went on and audits \(CAPABILITY_AUDIT_ONLY\)/,
  ],
  [
    'claims to enforce',
    { endedByItself: false, started: { audits: false, lsmEnabled: false } },
    'fail',
    /the agent went on and says that it enforces/,
  ],
  [
    'does not believe what it was told',
    { endedByItself: false, started: { audits: false, lsmEnabled: true } },
    'inconclusive',
    /says lsm_enabled=true, so nothing is known/,
  ],
  [
    'is ended by a signal',
    { exitCode: undefined, end: 'SIGSEGV' },
    'inconclusive',
    /the agent ended with SIGSEGV; its last words/,
  ],
  [
    'does neither',
    { endedByItself: false, exitCode: 0, end: 'exit code 0' },
    'inconclusive',
    /neither said that it had started nor ended/,
  ],
])('an enforcing start without BPF LSM that %s', (_, start, verdict, words) => {
  const judged = judgeGate({ ...REFUSED, ...start });
  expect(judged.verdict).toBe(verdict);
  expect(judged.explanation).toMatch(words);
});
