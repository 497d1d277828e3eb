import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { TestCase, TestModule } from 'vitest/node';
import { exampleRun } from '../fixtures/examples/example-run.ts';
import RunbookProgress from './runbook-progress.ts';

let directory: string;
let written = '';

beforeEach(() => {
  const made = dirSync({ unsafeCleanup: true });
  directory = made.name;
  mkdirSync(join(directory, 'enforce'));
  const settings = { DURATION_SECONDS: 300 };
  writeFileSync(join(directory, 'run.json'), JSON.stringify(exampleRun({ settings })));
  written = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written += String(text);
    return true;
  });
  return () => made.removeCallback();
});

afterEach(() => {
  vi.restoreAllMocks();
});

function soak(elapsedMs: number, more: object = {}): void {
  const sample = {
    at: '2026-11-23T14:00:00.000Z',
    elapsedMs,
    attempts: elapsedMs / 2,
    allowed: 0,
    denied: elapsedMs / 2,
    signals: 0,
    decisions: 10 + elapsedMs / 2,
    drops: 3,
    rssKb: 7500,
    eventLines: 0,
    ...more,
  };
  appendFileSync(join(directory, 'enforce', 'samples.ndjson'), `${JSON.stringify(sample)}\n`);
}

test('rewrites one line on a terminal, and takes it back before others write', () => {
  const progress = new RunbookProgress({ runDirectory: directory, terminal: true });
  progress.tick();
  expect(written).toBe('');
  soak(0);
  soak(41_000);
  soak(42_000);
  progress.tick();
  expect(written).toBe(
    '\r\u001b[2Kenforce 00:42/05:00  21,000 decisions  500/s  drops 0  misses 0  RSS 7.5 MB',
  );
  written = '';
  progress.tick();
  expect(written).toBe('');
  progress.onUserConsoleLog();
  progress.onUserConsoleLog();
  expect(written).toBe('\r\u001b[2K');
});

test('prints one plain line each half minute into a log', () => {
  const progress = new RunbookProgress({ runDirectory: directory, terminal: false });
  for (let second = 0; second <= 65; second += 1) {
    soak(second * 1000);
    progress.tick();
  }
  expect(written.split('\n').map((line) => line.slice(0, 19))).toEqual([
    'enforce 00:30/05:00',
    'enforce 01:00/05:00',
    '',
  ]);
});

test('a figure that is missing is shown as missing, and half a line waits for its end', () => {
  const progress = new RunbookProgress({ runDirectory: directory, terminal: true });
  soak(0);
  soak(1000, { decisions: undefined, drops: undefined, rssKb: undefined, scrapeError: '\u001b' });
  appendFileSync(join(directory, 'enforce', 'samples.ndjson'), 'not JSON\n{"at":"2026');
  progress.tick();
  expect(written).toContain('? decisions  ?/s  drops ?  misses 0  RSS ? MB  no metrics');
});

/** A test of a section as vitest's reporters see it. */
function criterion(name: string, state: string, note?: string): TestCase {
  const module = { type: 'module', relativeModuleId: 'canary/4-rollback.spec.ts' };
  const parent = { type: 'suite', name: 'Rollback drill', parent: module };
  const result = () => ({ state, note });
  return { name, parent, meta: () => ({}), result } as unknown as TestCase;
}

const moduleOf = (tests: readonly TestCase[]) =>
  ({ children: { allTests: () => tests } }) as unknown as TestModule;

test('a section that ended is one line, and a long criterion is told each half minute in a log', () => {
  vi.useFakeTimers();
  try {
    let output = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      output += String(text);
      return true;
    });
    const tests = [criterion('policies are refused', 'passed'), criterion('all is back', 'failed')];
    const progress = new RunbookProgress({ runDirectory: directory, terminal: false });
    progress.onTestModuleCollected(moduleOf(tests));
    for (const test of tests) {
      progress.onTestCaseReady(test);
      for (let second = 0; second < 45; second += 1) {
        vi.advanceTimersByTime(1000);
        progress.tick();
      }
      expect(output).toBe('');
      progress.onTestCaseResult(test);
    }
    expect(written).toBe(
      'Rollback drill 1/2  00:30  policies are refused\nRollback drill 2/2  00:30  all is back\n',
    );
    expect(stripVTControlCharacters(output)).toBe(
      '   01:30  Rollback drill               1 passed, 1 failed\n',
    );
  } finally {
    vi.useRealTimers();
  }
});

test('while the cost is measured the line says at which block it is', () => {
  const progress = new RunbookProgress({ runDirectory: directory, terminal: true });
  const measured = criterion('the same work is done in turn', 'passed');
  const tests = [measured, criterion('opening takes no longer', 'passed')];
  progress.onTestModuleCollected(moduleOf(tests));
  progress.onTestCaseReady(measured);
  mkdirSync(join(directory, 'cost'));
  const blocks = join(directory, 'cost/blocks.ndjson');
  const shown = () => {
    written = '';
    progress.tick();
    return written;
  };
  expect(shown()).toMatch(/1\/2 {2}00:00 {2}the same work is done in turn$/);
  appendFileSync(blocks, '{"block":1,"of":25}\nnot JSON\n{"block":2,"of":25}\n{"block":3');
  expect(shown()).toMatch(/1\/2 {2}00:00 {2}block 3 of 25: the same work is done in turn$/);
  expect(shown()).toMatch(/block 3 of 25: /);
  appendFileSync(blocks, ',"of":25}\n{"block":25,"of":25}\n');
  expect(shown()).not.toContain('block');
  progress.onTestCaseResult(measured);
});

test('sections that were not run at all are told at the end, each reason once', () => {
  let output = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += String(text);
    return true;
  });
  const tests = [1, 2].map((name) => criterion(`${name}`, 'skipped', 'not asked for'));
  const progress = new RunbookProgress({ runDirectory: directory, terminal: false });
  progress.onTestModuleCollected(moduleOf(tests));
  for (const test of tests) progress.onTestCaseResult(test);
  expect(output).toBe('');
  progress.onTestRunEnd([], []);
  expect(output).toBe(' not run  Rollback drill (2 criteria): not asked for\n');
});
