import { expect, test } from 'vitest';
import { matrixTable } from './matrix.ts';

test('the matrix has a row a test and a column a kernel; what was never reached is no pass', () => {
  const table = matrixTable([
    { kernel: 'A', exitCode: 0, words: 'fine', verdicts: new Map([['x', 'pass']]) },
    { kernel: 'B|C', exitCode: 126, words: 'a\npanic', verdicts: new Map() },
  ]);
  expect(table.split('\n')).toEqual([
    '| test | A | B\\|C |',
    '| --- | --- | --- |',
    '| exit code | 0: fine | 126: a panic |',
    '| x | pass | – |',
    '',
  ]);
});
