import { expect, test } from 'vitest';
import { missingPackages } from './requirements.ts';

test('every missing package is named once', () => {
  const missing = missingPackages('/nonexistent');
  expect(missing).toEqual(expect.arrayContaining(['qemu-system-x86', 'e2fsprogs', 'util-linux']));
  expect(new Set(missing).size).toBe(missing.length);
});
