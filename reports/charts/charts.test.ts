import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { XMLValidator } from 'fast-xml-parser';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exampleRun } from '../../fixtures/examples/example-run.ts';
import { exampleSoak } from '../../fixtures/examples/example-soak.ts';
import { RunDirectory } from '../../helpers/evidence/run-directory.ts';
import type { Sample } from '../../helpers/soak/sample.ts';
import { charts } from './charts.ts';
import { soakSeries } from './series.ts';

let parent: ReturnType<typeof dirSync>;
let run: RunDirectory;
beforeEach(() => {
  parent = dirSync({ unsafeCleanup: true });
  run = RunDirectory.create(join(parent.name, 'run'));
});
afterEach(() => parent.removeCallback());

const sample = (second: number, figures: Partial<Sample> = {}): Sample => ({
  at: new Date(Date.UTC(2026, 10, 23, 14, 0, second)).toISOString(),
  elapsedMs: second * 1000,
  attempts: second * 500,
  allowed: 0,
  denied: 0,
  signals: 0,
  decisions: 1000 + second * 500,
  drops: second,
  ...{
    rssKb: 7500,
    lockedKb: 102_400,
    ...{ cpuTicks: second * 10, cpuSystemTicks: second * 4 },
    threads: 2,
    fileDescriptors: 120,
    childProcesses: 0,
  },
  eventLines: 0,
  ...figures,
});

function soaked(phase: 'audit' | 'enforce', samples: readonly Sample[]): void {
  run.directory(phase);
  for (const one of samples) run.appendLine(`${phase}/samples.ndjson`, one);
}

test('counts from the first sample, and a failed scrape leaves a gap and no zero', () => {
  soaked('audit', [
    sample(0),
    sample(1),
    { ...sample(2), decisions: undefined, drops: undefined, scrapeError: 'timeout' },
    sample(3),
  ] as Sample[]);
  const [audit] = soakSeries(run.path);
  expect(audit).toMatchObject({ phase: 'audit', end: 3, samples: 4 });
  expect(audit?.decisions).toEqual([
    [0, 0],
    [1, 500],
    [3, 1500],
  ]);
  expect(audit?.rate).toEqual([
    [1, 500],
    [3, 500],
  ]);
});

test('open latency is drawn where workers opened, and is a gap where they did not', () => {
  const openLatencyUs = { opens: 500, p50: 38, p99: 412, max: 2048 };
  soaked('audit', [
    sample(0),
    sample(1, { openLatencyUs }),
    sample(2),
    sample(3, { openLatencyUs }),
  ]);
  expect(soakSeries(run.path)[0]).toMatchObject({
    openP50Us: [
      [1, 38],
      [3, 38],
    ],
    openP99Us: [
      [1, 412],
      [3, 412],
    ],
  });
  const drawn = charts(exampleRun(), run.path).get('open-latency.svg');
  expect(drawn).toContain('open latency p50, µs');
  expect(drawn).toContain('open latency p99, µs');
});

test('a torn last line is left out, and a run without samples has no charts', () => {
  expect(charts(exampleRun(), run.path).size).toBe(0);
  soaked('audit', [sample(0), sample(1)]);
  writeFileSync(run.file('audit/samples.ndjson'), '{"at":"2026', { flag: 'a' });
  expect(soakSeries(run.path)[0]?.samples).toBe(2);
});

test('each drawing stands alone: well-formed, without scripts, for both colour schemes', () => {
  soaked('audit', [sample(0), sample(1), sample(2)]);
  soaked('enforce', [sample(0), sample(1, { drops: 250 })]);
  const drawn = charts(exampleRun({ rehearsal: ['played'] }), run.path);
  expect([...drawn.keys()]).toEqual([
    'decisions.svg',
    'drops.svg',
    'memory.svg',
    'resources.svg',
    'open-latency.svg',
  ]);
  for (const svg of drawn.values()) {
    expect(XMLValidator.validate(svg)).toBe(true);
    expect(svg).not.toMatch(/<script|href="http|NaN|undefined/);
    expect(svg).toContain('AegisBPF staging canary (REHEARSAL)');
    expect(svg).toContain('prefers-color-scheme:dark');
    // Every colour that is drawn has its dark one.
    const visible = svg.replace(/<[^<>]*(?:stroke-width="0"|fill="#000")[^<>]*>/g, '');
    const used = new Set(
      [...visible.matchAll(/(?:fill|stroke)="(#[0-9a-f]{6})"/g)].map(([, c]) => c),
    );
    for (const one of used) expect(svg).toContain(`[fill="${one}"]{fill:#`);
    expect(svg).toContain('>audit<');
  }
  expect(drawn.get('drops.svg')).toContain('limit 100');
});

test('CPU, and the system time of it, is a rate in percent of one core, and what was not read is a gap', () => {
  soaked('audit', [
    sample(0),
    {
      ...sample(1),
      ...{ cpuTicks: undefined, cpuSystemTicks: undefined },
      ...{ threads: undefined, fileDescriptors: undefined },
    },
    sample(2, { cpuTicks: 30, cpuSystemTicks: 8, threads: 3, fileDescriptors: 121 }),
  ] as Sample[]);
  expect(soakSeries(run.path)[0]).toMatchObject({
    cpu: [[2, 15]],
    cpuSystem: [[2, 4]],
    descriptors: [
      [0, 120],
      [2, 121],
    ],
    threads: [
      [0, 2],
      [2, 3],
    ],
  });
});

test('the last sample, of less time than the others and partly without load, is a rate and no dip', () => {
  const end = { ...sample(4), decisions: 1000 + 3.5 * 500, cpuTicks: 35 };
  soaked('audit', [sample(0), sample(1), sample(2), sample(3), end]);
  run.writeJson('audit/soak.json', { ...exampleSoak, measuredSeconds: 3.5 });
  const [half] = soakSeries(run.path);
  expect(half?.rate.map(([, rate]) => rate)).toEqual([500, 500, 500, 500]);
  expect(half?.cpu.map(([, percent]) => percent)).toEqual([10, 10, 10, 10]);
  // Of next to no time, in which no event came yet.
  run.writeJson('audit/soak.json', { ...exampleSoak, measuredSeconds: 3.01 });
  expect(soakSeries(run.path)[0]?.rate.at(-1)?.[0]).toBe(3.01);
  run.writeJson('audit/soak.json', { ...exampleSoak, measuredSeconds: 3 });
  expect(soakSeries(run.path)[0]?.rate).toHaveLength(3);
});

test('a limit is a line where its threshold says so, and growth counts from the baseline', () => {
  soaked('audit', [sample(0), sample(1)]);
  run.writeJson('audit/soak.json', { ...exampleSoak, rss: { baselineKb: 7000, samples: 2 } });
  const RESOURCES = {
    MAX_CPU_PCT: 50,
    MAX_DESCRIPTORS: 1024,
    MAX_THREADS: 128,
    MAX_CHILD_PROCESSES: 8,
    MAX_LOCKED_KB: 143_360,
  };
  const settings = {
    MAX_RINGBUF_DROPS: 41,
    MAX_RSS_GROWTH_KB: 2000,
    MIN_TOTAL_DECISIONS: 43,
    ...RESOURCES,
  };
  const drawn = [...charts(exampleRun({ settings }), run.path)];
  expect(drawn.map(([name, svg]) => [name, svg.match(/(?<=>)(limit|baseline) [^<]+/g)])).toEqual([
    ['decisions.svg', null],
    ['drops.svg', ['limit 41']],
    ['memory.svg', ['baseline 7', 'limit 9', 'limit 140']],
    ['resources.svg', ['limit 50', 'limit 1,024', 'limit 128', 'limit 8']],
    ['open-latency.svg', null],
  ]);
  const without = charts(exampleRun({ settings: {} }), run.path);
  expect(without.get('drops.svg')).not.toContain('limit');
});

test('two soaks stand side by side from their own beginning, on one scale; what nobody measured is written', () => {
  soaked('audit', [sample(0), sample(10)]);
  soaked('enforce', [sample(100), sample(104, { drops: 900 })]);
  const [audit, enforce] = soakSeries(run.path);
  expect([audit?.end, enforce?.end]).toEqual([10, 4]);
  const drawn = charts(exampleRun(), run.path);
  const labels = (name: 'drops.svg' | 'open-latency.svg') =>
    [...(drawn.get(name)?.matchAll(/>([^<>\n]+)<\/text>/g) ?? [])].map(([, text]) => text);
  const drops = labels('drops.svg');
  expect(drops.filter((text) => text === '0:00' || text === '0:08')).toHaveLength(4);
  expect(drops.filter((text) => text === 'limit 100')).toHaveLength(2);
  expect(drops.filter((text) => text === '800')).toHaveLength(1);
  expect(labels('open-latency.svg').filter((text) => text === 'no data')).toHaveLength(4);
});

test("a host name cannot become part of the drawing's own markup", () => {
  soaked('audit', [sample(0), sample(1)]);
  const hostname = '</title><script>alert(1)</script>';
  for (const svg of charts(exampleRun({ hostname }), run.path).values()) {
    expect(svg).not.toContain('<script');
    expect(XMLValidator.validate(svg)).toBe(true);
  }
});
