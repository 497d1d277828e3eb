import { expect, test } from 'vitest';
import { fail, inconclusive, type Judgement, pass, together } from './judgement.ts';

const finding = (title: string) => ({ title, severity: 'high' as const, detail: title });
const A: Judgement = { ...fail('a is wrong', { value: 1 }), findings: [finding('a')] };
const B: Judgement = { ...fail('b is wrong', { value: 2 }), findings: [finding('b')] };
const ACCEPTED: Judgement = { ...pass('c is accepted'), findings: [finding('c')] };

test('what is judged together has the words of each failure, and every finding', () => {
  expect(together([pass('fine'), A, ACCEPTED, inconclusive('who knows'), B])).toMatchObject({
    ...{ verdict: 'fail', explanation: 'a is wrong; b is wrong', value: 1 },
    findings: [{ title: 'a' }, { title: 'c' }, { title: 'b' }],
  });
});

test('what nobody knows is no pass, and a pass has the last words', () => {
  expect(together([inconclusive('who knows'), ACCEPTED])).toMatchObject({
    ...{ verdict: 'inconclusive', explanation: 'who knows' },
    findings: [{ title: 'c' }],
  });
  expect(together([pass('fine'), ACCEPTED])).toMatchObject({
    ...{ verdict: 'pass', explanation: 'c is accepted' },
  });
  expect(together([pass('fine')])).not.toHaveProperty('findings');
});
