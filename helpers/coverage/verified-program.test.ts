import { expect, test } from 'vitest';
import {
  type Ending,
  isVerifiedDenied,
  judgePrograms,
  type Program,
  programs,
} from './verified-program.ts';

const READ: Ending = { exitCode: 0, said: '' };
const DENIED: Ending = { exitCode: 1, said: 'cat: protected: Operation not permitted\n' };
const OTHERWISE: Ending = { exitCode: 1, said: 'cat: protected: Permission denied\n' };

const tried = (...ofProtected: readonly (readonly [Program, Ending])[]) =>
  programs.map((program) => ({
    ...{ program, free: READ },
    protected: new Map(ofProtected).get(program) ?? (program === 'verified' ? READ : DENIED),
  }));

test('a verified program that reads what all others are denied is a pass', () => {
  const all = tried();
  expect(isVerifiedDenied(all)).toBe(false);
  expect(judgePrograms(all, 'x').verdict).toBe('pass');
});

test('a verified program that is denied is told apart from the others', () => {
  expect(isVerifiedDenied(tried(['verified', DENIED]))).toBe(true);
  expect(isVerifiedDenied(tried(['no-verity', READ]))).toBe(false);
});

test.each(programs.slice(1))(
  'a program that is %s and reads what is protected fails',
  (program) => {
    const judged = judgePrograms(tried([program, READ]), 'x');
    expect(judged).toMatchObject({ verdict: 'fail', value: 1, limit: 0 });
    expect(judged.explanation).toMatch(/ read what \[protect_path\] keeps for verified programs$/);
  },
);

test('a refusal that is not the denial of an agent, or a program that cannot read anything, is no evidence', () => {
  expect(() => judgePrograms(tried(['writable', OTHERWISE]), 'x')).toThrow(
    /a program that its group may write was to read the protected file, and exited with 1: cat: protected: Permission denied/,
  );
  const unable = tried().map((one) => ({ ...one, free: { exitCode: null, said: '' } }));
  expect(() => judgePrograms(unable, 'x')).toThrow(/a file without a rule, and was ended by a sig/);
});
