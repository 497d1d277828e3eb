import type { RunResult } from './one-run.ts';

/** A cell's text without what would end a Markdown cell. */
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
const row = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;

/** Markdown: one row a test, one column a kernel. A test that a run never reached shows `–`. */
export function matrixTable(
  results: readonly Pick<RunResult, 'kernel' | 'exitCode' | 'words' | 'verdicts'>[],
): string {
  const ids = [...new Set(results.flatMap(({ verdicts }) => [...verdicts.keys()]))];
  return [
    row(['test', ...results.map(({ kernel }) => kernel)]),
    row(['---', ...results.map(() => '---')]),
    row(['exit code', ...results.map(({ exitCode, words }) => `${exitCode}: ${words}`)]),
    ...ids.map((id) => row([id, ...results.map(({ verdicts }) => verdicts.get(id) ?? '–')])),
    '',
  ].join('\n');
}
