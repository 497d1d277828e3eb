import { expect, test } from 'vitest';
import { keyOf, recipeOf } from './recipe.ts';

const packaged = (name: string) => ({ kind: 'package', label: name, name }) as const;

test('the cache key changes with the release and the kernel, and with nothing else', () => {
  const key = keyOf(recipeOf('bookworm', packaged('linux-a')));
  expect(keyOf(recipeOf('bookworm', packaged('linux-a')))).toBe(key);
  expect(keyOf(recipeOf('trixie', packaged('linux-a')))).not.toBe(key);
  expect(keyOf(recipeOf('bookworm', packaged('linux-b')))).not.toBe(key);
});

test('a guest that is logged in to has a root file system of its own', () => {
  const kernel = packaged('linux-a');
  expect(keyOf(recipeOf('bookworm', kernel, true))).not.toBe(keyOf(recipeOf('bookworm', kernel)));
});

test('kernels given as images share one root file system', () => {
  const image = (path: string) =>
    ({ kind: 'image', label: path, path, initrd: undefined }) as const;
  expect(keyOf(recipeOf('bookworm', image('/a')))).toBe(keyOf(recipeOf('bookworm', image('/b'))));
});
