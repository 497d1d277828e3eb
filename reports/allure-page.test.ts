import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exampleRun } from '../fixtures/examples/example-run.ts';

let outDir: string;

beforeEach(() => {
  outDir = mkdtempSync(join(tmpdir(), 'canary-page-'));
});

afterEach(() => {
  rmSync(outDir, { recursive: true, force: true });
});

/** A run directory as a run leaves it, with one Allure result. */
function finishedRun(name: string, rehearsal: readonly string[]): string {
  const path = join(outDir, name);
  mkdirSync(join(path, 'allure-results'), { recursive: true });
  writeFileSync(
    join(path, 'run.json'),
    JSON.stringify(exampleRun({ rehearsal, asked: ['audit'] })),
  );
  const result = {
    uuid: 'a',
    name: 'one </script> criterion',
    status: 'passed',
    stage: 'finished',
  };
  writeFileSync(join(path, 'allure-results', 'a-result.json'), JSON.stringify(result));
  return path;
}

const report = (...args: string[]) =>
  execa(process.execPath, [join(import.meta.dirname, 'allure-page.ts'), ...args], {
    env: { OUT_DIR: outDir },
    reject: false,
  });

test('makes one file of the newest run, that loads nothing and says what it is', async () => {
  finishedRun('2026-11-22T10-00-00Z-all-1', []);
  const path = finishedRun('2026-11-23T10-00-00Z-all-1', ['the candidate is the stand-in agent']);
  const { stdout, exitCode } = await report();
  const page = `${path}.html`;
  expect(stdout).toMatch(new RegExp(`^${page} \\(\\d\\.\\d MiB\\)$`));
  expect(exitCode).toBe(0);
  const html = readFileSync(page, 'utf8');
  expect(html).toContain(
    '<title> AegisBPF staging canary (REHEARSAL): no verdict, this was a rehearsal (it is inconclusive) </title>',
  );
  expect(html).not.toMatch(/(?:src|href)="https?:/);
  expect(statSync(page).size).toBeLessThan(5 * 1024 * 1024);
  const scripts = [...html.matchAll(/data:text\/javascript;base64,([^"]+)/g)].map(([, encoded]) =>
    Buffer.from(encoded ?? '', 'base64').toString(),
  );
  expect(scripts.join()).toContain('"failed":"failed","broken":"inconclusive","skipped":"not run"');
  for (const name of ['retry-filter', 'flaky-filter', 'nav-tab-globalErrors'])
    expect(html).toContain(`[data-testid="${name}"]`);
  expect((statSync(page).mode & 0o777).toString(8)).toBe('640');
});

test('says in one line what is in the way', async () => {
  expect((await report()).stderr).toMatch(/^report: there is no run below .*$/);
  expect((await report('/nonexistent')).stderr).toMatch(
    /^report: .*: no run\.json; name one below OUT_DIR$/,
  );
  const path = finishedRun('2026-11-23T10-00-00Z-all-1', []);
  rmSync(join(path, 'allure-results'), { recursive: true });
  const { stderr, exitCode } = await report(path);
  expect(stderr).toMatch(/^report: .* has no allure-results: the run was cut short.*$/);
  expect(exitCode).toBe(1);
});
