import { expect, test } from 'vitest';
import { StagingVmError } from './ending.ts';
import { checkRequirements, missingPackages } from './requirements.ts';

test('every missing package is named once', () => {
  const missing = missingPackages('/nonexistent');
  expect(missing).toEqual(expect.arrayContaining(['qemu-system-x86', 'e2fsprogs', 'util-linux']));
  expect(new Set(missing).size).toBe(missing.length);
});

test('what is missing is said with the one command that installs it', () => {
  const missing = missingPackages('/nonexistent').join(' ');
  const check = () => checkRequirements('/nonexistent');
  expect(check).toThrow(StagingVmError);
  expect(check).toThrow(`apt-get install --no-install-recommends -y ${missing}`);
});
