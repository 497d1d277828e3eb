import { expect, test } from 'vitest';
import { parseMetrics } from '../agent/contract/metrics.ts';
import type { Scrape } from '../agent/scrape.ts';
import { familyTotal, inodeDelta, scrapeDelta } from './counters.ts';

function scrape(text: string): Extract<Scrape, { ok: true }> {
  const parsed = parseMetrics(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return { ok: true, metrics: parsed.value, text, source: 'a scrape' };
}

const counters = (a: number, b: number) =>
  scrape(`# TYPE a_total counter\na_total ${a}\n# TYPE b_total counter\nb_total ${b}\n`);
const inode = (key: string, value: number) =>
  scrape(
    `# TYPE aegisbpf_blocks_by_inode_total counter\naegisbpf_blocks_by_inode_total{inode="${key}"} ${value}\n`,
  );
const broken: Scrape = { ok: false, reason: 'refused', text: '', source: 'http://x' };
const both = ['a_total', 'b_total'];
const file = { dev: 1, ino: 2 };

test('the difference is that of the sum of the families', () => {
  expect(scrapeDelta({ before: counters(1, 2), after: counters(5, 9) }, both)).toMatchObject({
    known: true,
    value: 11,
  });
  expect(familyTotal(counters(1, 2).metrics, both)).toBe(3);
});

test('a missing family makes the difference unknown, never zero', () => {
  const only = scrape('# TYPE a_total counter\na_total 1\n');
  expect(scrapeDelta({ before: only, after: counters(1, 1) }, both)).toMatchObject({
    known: false,
    source: 'b_total',
  });
  expect(scrapeDelta({ before: counters(1, 1), after: only }, both)).toMatchObject({
    known: false,
    source: 'b_total',
  });
  expect(familyTotal(only.metrics, both)).toBeUndefined();
});

test('a reset of one family is not hidden by the growth of another', () => {
  expect(scrapeDelta({ before: counters(5, 1), after: counters(0, 100) }, both)).toMatchObject({
    known: false,
    reason: expect.stringContaining('went backwards'),
  });
});

test('a failed scrape says which one failed and why', () => {
  expect(scrapeDelta({ before: broken, after: counters(1, 1) }, both)).toMatchObject({
    known: false,
    reason: 'the metrics scrape before the soak failed: refused',
  });
  expect(scrapeDelta({ before: counters(1, 1), after: broken }, both)).toMatchObject({
    known: false,
  });
  expect(inodeDelta({ before: inode('1:2', 1), after: broken }, file).known).toBe(false);
});

test('the series of a new inode counts from zero', () => {
  expect(inodeDelta({ before: inode('9:9', 7), after: inode('1:2', 4) }, file)).toMatchObject({
    known: true,
    value: 4,
  });
  expect(inodeDelta({ before: inode('1:2', 3), after: inode('1:2', 4) }, file)).toMatchObject({
    known: true,
    value: 1,
  });
});

test('an inode that is absent afterwards, or went backwards, is unknown', () => {
  expect(inodeDelta({ before: inode('1:2', 3), after: inode('9:9', 4) }, file).known).toBe(false);
  expect(inodeDelta({ before: inode('1:2', 3), after: inode('1:2', 2) }, file).known).toBe(false);
});
