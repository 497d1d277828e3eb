import { expect, test } from 'vitest';
import { sample } from '../../../fixtures/examples/property-tools.ts';
import { pass } from '../../criteria/judgement.ts';
import { type GatedStart, judgeGate, judgeRequiredEnforce } from './enforce-gate.ts';

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

const NO_SUCH_OPTION = {
  ...{ command: 'aegisbpf health', exitCode: 1, signal: undefined, stdout: '' },
  ...{ stderr: 'Usage: aegisbpf health [--json]', timedOut: false, durationMs: 1 },
};

/** What the agent's health says where its kernel lacks BPF LSM. */
function health(changes: Record<string, unknown>, features: Record<string, boolean> = {}): string {
  const real = JSON.parse(sample('health0.json'));
  return JSON.stringify({
    ...{ ...real, capability: 'AuditOnly', mode: 'audit-only', ...changes },
    features: { ...real.features, bpf_lsm: false, ...features },
  });
}

test.each<[string, number | undefined, string, string, RegExp]>([
  [
    'ends with 1 and says so',
    1,
    health({}),
    'pass',
    /^the start ended; .* with exit code 1, capability=AuditOnly$/,
  ],
  ['ends with 0', 0, health({}), 'fail', /ended with exit code 0: a readiness probe/],
  [
    'ends with 1 and says Full',
    1,
    health({ capability: 'Full' }),
    'fail',
    /says capability=Full, mode=audit-only: whoever/,
  ],
  [
    'ends with 1 and says enforce',
    1,
    health({ mode: 'enforce' }),
    'fail',
    /capability=AuditOnly, mode=enforce/,
  ],
  ['says nothing', 1, '', 'inconclusive', /which cannot be read/],
  ['is ended by a signal', undefined, health({}), 'inconclusive', /was ended by SIGSEGV/],
  [
    'does not believe what it was told',
    0,
    health({}, { bpf_lsm: true }),
    'inconclusive',
    /says bpf_lsm=true, so nothing is known/,
  ],
])('a health check without BPF LSM that %s', (_, exitCode, stdout, verdict, words) => {
  const judged = judgeRequiredEnforce(pass('the start ended'), {
    ...{ command: 'aegisbpf health', exitCode, stdout, stdoutBytes: Buffer.from(stdout) },
    ...{ signal: exitCode === undefined ? 'SIGSEGV' : undefined, stderr: '' },
    ...{ timedOut: false, durationMs: 1 },
  });
  expect(judged.verdict).toBe(verdict);
  expect(judged.explanation).toMatch(words);
});

test('a version without the question is judged by its start alone', () => {
  const result = { ...NO_SUCH_OPTION, stdoutBytes: Buffer.alloc(0) };
  const judged = judgeRequiredEnforce(pass('the start ended'), result);
  expect(judged).toMatchObject({
    verdict: 'pass',
    explanation: 'the start ended; this version has no `health --json --require-enforce`',
  });
});
