import { expect, test } from 'vitest';
import { fail, pass } from '../../criteria/judgement.ts';
import { judgeSignedChange } from './signed-change.ts';

const settings = { knownDefects: [] };
const how = '`aegisbpf policy apply lacks-a-rule.signed` exited with 1';

test.each([
  ['taken', { exitCode: 0, baseline: pass('') }, 'pass', /takes that rule away$/],
  [
    'refused',
    { exitCode: 1, baseline: fail('still denied') },
    'fail',
    /^finding "signed-policy-keeps-rules" \(high, .*exited with 1; where production demands/,
  ],
  [
    'taken, and changes nothing',
    { exitCode: 0, baseline: fail('still denied') },
    'fail',
    /^still denied; `aegisbpf/,
  ],
  ['killed', { exitCode: undefined, baseline: pass('') }, 'fail', /^`aegisbpf/],
])('a signed policy without a rule that is %s', (_, seen, verdict, words) => {
  expect(judgeSignedChange({ how, ...seen }, settings)).toMatchObject({
    verdict,
    explanation: expect.stringMatching(words),
  });
});
