import { expect, test } from 'vitest';
import {
  type ControlledRules,
  isReadable,
  judgeControlledRules,
  judgeForGood,
  judgeMoved,
  leakedDescriptors,
  lostForGood,
  outlivesItsFile,
} from './control-socket.ts';

const ok = { ok: true, text: '{"status":"ok","ttl":3}' } as const;
const [FILE, TIMED, DEL] = ['POST /block/add /a', 'POST /block/add /b ttl=3', 'POST /block/del /a'];
const RULES: ControlledRules = {
  ...{ ttlSeconds: 3, keptSeconds: 0.5, endedSeconds: 6 },
  asked: [FILE, TIMED, DEL].map((request) => ({ request, answer: ok })),
  notTried: [],
  descriptors: [{ requests: 12, before: 30, after: 31 }],
  denied: [
    [FILE, 'EPERM'],
    [TIMED, 'EPERM'],
  ],
  kept: [[TIMED, 'EPERM']],
  removed: [DEL, 'let through'],
  ended: [[TIMED, 'let through']],
  moved: [TIMED, 'let through'],
  forGood: [[`${FILE}\`, then \`${TIMED}`, 'EPERM']],
  restarted: {
    ...{ request: TIMED, ttlSeconds: 5, before: { outcome: 'EPERM', seconds: 1 } },
    ...{ kept: { outcome: 'EPERM', seconds: 3 }, ended: { outcome: 'let through', seconds: 7 } },
  },
};
const over = (differs: Partial<ControlledRules['restarted']>) => ({
  restarted: { ...RULES.restarted, ...differs },
});
const through = (seconds: number) => ({ outcome: 'let through', seconds });

test.each<[string, Partial<ControlledRules>, string, RegExp]>([
  ['as asked', {}, 'pass', /^2 rules by the control socket denied at once; one was taken away/],
  [
    'as asked, but for what no hook meets',
    { notTried: ['POST /network/deny/ip 127.0.0.9'] },
    'pass',
    /; not tried: `POST \/network\/deny\/ip 127\.0\.0\.9`, for the agent attached no hook on connects$/,
  ],
  [
    'answered with an error',
    { asked: [{ request: FILE, answer: { ok: true, text: '{"error":"command failed","rc":1}' } }] },
    'fail',
    /^`POST \/block\/add \/a` was answered \{"error"/,
  ],
  [
    'without an answer',
    { asked: [{ request: FILE, answer: { ok: false, reason: 'ECONNREFUSED' } }] },
    'fail',
    /had no answer: ECONNREFUSED/,
  ],
  [
    'not in force',
    {
      denied: [
        [FILE, 'let through'],
        [TIMED, 'EPERM'],
      ],
    },
    'fail',
    /^these requests were answered, and what they deny was let through: `POST \/block\/add \/a`$/,
  ],
  [
    'over at once',
    {
      denied: [
        [FILE, 'EPERM'],
        [TIMED, 'let through'],
      ],
    },
    'fail',
    /let through: `POST .*ttl=3`$/,
  ],
  [
    'over too early',
    { kept: [[TIMED, 'let through']] },
    'fail',
    /^0\.5 s after they were made, with ttl=3, these rules denied no longer: `POST .*ttl=3`$/,
  ],
  [
    'over, for the host was slow',
    {
      keptSeconds: 4,
      denied: [
        [FILE, 'EPERM'],
        [TIMED, 'let through'],
      ],
    },
    'inconclusive',
    /^this host took 4\.0 s/,
  ],
  ['there after their removal', { removed: [DEL, 'EPERM'] }, 'fail', /still denied$/],
  ['there for ever', { ended: [[TIMED, 'EPERM']] }, 'fail', /^6 s after .* these rules deny still/],
  [
    'over as early as whole seconds allow',
    over({ kept: through(4.5), ended: through(4.5) }),
    'pass',
    /ended 4\.5 s after/,
  ],
  [
    'lost in a restart',
    over({ kept: through(3) }),
    'fail',
    /let through 3\.0 s later, once the agent was started anew$/,
  ],
  ['not in force before a restart', over({ before: through(1) }), 'fail', /through 1\.0 s later$/],
  ['over before a restart', over({ before: through(6) }), 'inconclusive', /^this host took 6\.0 s/],
  [
    'over in a restart',
    over({ kept: through(6), ended: through(6) }),
    'pass',
    /ended 6\.0 s after/,
  ],
  [
    'there for ever after a restart',
    over({ ended: { outcome: 'EPERM', seconds: 20 } }),
    'fail',
    /^`POST .*ttl=3` was followed by a restart of the agent, and 20 s after/,
  ],
  [
    'after a restart on a file that is gone',
    over({ ended: { outcome: 'ENOENT', seconds: 20 } }),
    'inconclusive',
    /met ENOENT/,
  ],
  ['on a file that is gone', { ended: [[TIMED, 'ENOENT']] }, 'inconclusive', /met ENOENT/],
])('rules by the control socket that are %s', (_, differs, verdict, words) => {
  expect(judgeControlledRules({ ...RULES, ...differs }, 'x')).toMatchObject({
    verdict,
    explanation: expect.stringMatching(words),
  });
});

test('a rule on a renamed file is over with the others, or outlives its name', () => {
  const moved = (outcome: string): ControlledRules => ({ ...RULES, moved: [TIMED, outcome] });
  expect(outlivesItsFile(RULES)).toBeUndefined();
  expect(judgeMoved(RULES, 'x').verdict).toBe('pass');
  expect(outlivesItsFile(moved('EPERM'))).toMatch(
    /^the file of `POST .*ttl=3` was renamed, and 6 s after it was made.* denies the file still/,
  );
  expect(outlivesItsFile(moved('ENOENT'))).toBeUndefined();
  expect(judgeMoved(moved('ENOENT'), 'x').verdict).toBe('inconclusive');
});

test('as many descriptors more as there were requests are a leak', () => {
  expect(leakedDescriptors(RULES)).toBeUndefined();
  const descriptors = [...RULES.descriptors, { requests: 11, before: 31, after: 42 }];
  expect(leakedDescriptors({ ...RULES, descriptors })).toMatch(
    /^behind 11 requests .* has 11 descriptors more \(42, 31 before\)/,
  );
});

test('a rule without a ttl stays behind the end of one with a ttl, or goes with it', () => {
  const met = (outcome: string): ControlledRules => ({
    ...RULES,
    forGood: [...RULES.forGood, [`${TIMED}\`, then \`${FILE}`, outcome]],
  });
  expect(lostForGood(met('EPERM'))).toBeUndefined();
  expect(judgeForGood(met('EPERM'), 'x').verdict).toBe('pass');
  expect(lostForGood(met('let through'))).toMatch(
    /^6 s behind `POST \/block\/add \/b ttl=3`, then `POST \/block\/add \/a` nothing is denied/,
  );
  expect(lostForGood(met('ENOENT'))).toBeUndefined();
  expect(judgeForGood(met('ENOENT'), 'x').verdict).toBe('inconclusive');
});

test.each([
  [0o644, 0o755, true],
  [0o640, 0o750, true],
  [0o600, 0o755, false],
  [0o644, 0o700, false],
])('a list of mode %o in a folder of mode %o can be read by others: %s', (file, folder, can) => {
  expect(isReadable({ file, folder })).toBe(can);
});
