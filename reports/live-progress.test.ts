import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { exampleRun } from '../fixtures/examples/example-run.ts';
import LiveProgress from './live-progress.ts';

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
  const progress = new LiveProgress({ runDirectory: directory, terminal: true });
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
  progress.onTestCaseResult();
  progress.onTestCaseResult();
  expect(written).toBe('\r\u001b[2K');
});

test('prints one plain line each half minute into a log', () => {
  const progress = new LiveProgress({ runDirectory: directory, terminal: false });
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
  const progress = new LiveProgress({ runDirectory: directory, terminal: true });
  soak(0);
  soak(1000, { decisions: undefined, drops: undefined, rssKb: undefined, scrapeError: '\u001b' });
  appendFileSync(join(directory, 'enforce', 'samples.ndjson'), 'not JSON\n{"at":"2026');
  progress.tick();
  expect(written).toContain('? decisions  ?/s  drops ?  misses 0  RSS ? MB  no metrics');
});
