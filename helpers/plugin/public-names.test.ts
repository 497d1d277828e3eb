import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const text = (path: string) => readFileSync(join(import.meta.dirname, path), 'utf8');

/** What a module exports, by its text: types leave no trace in what it is at run time. */
function exported(path: string): string[] {
  const source = text(path);
  const lists = [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list = '']) =>
    list.split(','),
  );
  const listed = lists.map((entry) => /(\w+)\s*$/.exec(entry)?.[1] ?? '');
  const declared = [...source.matchAll(/^export (?:function|interface|const|class) (\w+)/gm)];
  const named = declared.map(([, name = '']) => name);
  return [...listed, ...named].filter((name) => name !== '');
}

test.each([
  ['aegisbpf-canary', 'index.ts'],
  ['aegisbpf-canary/config', 'define-canary.ts'],
  ['aegisbpf-canary/workload', 'workloads.ts'],
])('the documentation describes every name of %s, and no other', (name, path) => {
  const document = text('../../docs/own-specs.md');
  const [, chapter = ''] = document.split(`## \`${name}\`\n`);
  const rows = (chapter.split('\n## ')[0] ?? '').matchAll(/^\| (.*?) \|/gm);
  const described = [...rows].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)/g)].map(([, word = '']) => word),
  );
  expect(described.sort()).toEqual(exported(path).sort());
});
