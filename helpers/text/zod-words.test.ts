import { expect, test } from 'vitest';
import { z } from 'zod';
import { issuesText } from './zod-words.ts';

const schema = z.array(
  z.object({
    defect: z.string().refine((name) => name === 'known', { error: 'no finding is called that' }),
    reason: z.string().min(1),
    count: z.number().max(3),
    kind: z.enum(['a', 'b']),
    until: z.iso.date(),
  }),
);

test('what a person wrote wrong is told in words of ours, never in those of the library', () => {
  const { error } = schema.safeParse([
    { defect: 'other', count: 9, kind: 'c', until: '2027-13-01' },
  ]);
  expect(error && issuesText(error)).toBe(
    '0.defect: no finding is called that; 0.reason is missing; 0.count: expected at most 3; 0.kind: expected "a" or "b"; 0.until: expected a day, YYYY-MM-DD',
  );
  const whole = schema.safeParse('text').error;
  expect(whole && issuesText(whole)).toBe('the file: expected array');
});
