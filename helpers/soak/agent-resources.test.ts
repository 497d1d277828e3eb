import { expect, test } from 'vitest';
import type { AgentReading } from './agent-reading.ts';
import { AgentResources } from './agent-resources.ts';

/** A tenth of its CPU time is system time. */
const reading = (cpuTicks: number, fileDescriptors = 120, threads = 2): AgentReading => ({
  ...{ rssKb: 7500, rssSource: '/proc/4711/smaps_rollup' },
  ...{ cpuTicks, cpuSystemTicks: cpuTicks / 10 },
  ...{ fileDescriptors, threads, childProcesses: 0 },
  locked: { kb: 102_400, leftOutKb: 0, maps: 40, told: 40 },
  ...{ writtenBytes: 0, filesKb: 12 },
});

/** A reading to which /proc gave nothing. */
const nothing: AgentReading = {
  ...{ rssKb: undefined, rssSource: undefined, cpuTicks: undefined },
  ...{ cpuSystemTicks: undefined, fileDescriptors: undefined },
  ...{ threads: undefined, childProcesses: 0, locked: undefined },
  ...{ writtenBytes: undefined, filesKb: undefined },
};

/** What is known after these readings, one a second. */
function after(readings: readonly AgentReading[]) {
  const resources = new AgentResources(4711);
  for (const [seconds, read] of readings.entries()) resources.add(seconds, read);
  return resources;
}

test.each([
  ['no reading', [], { known: false }, 0],
  ['one reading', [reading(7)], { known: false }, 0],
  ['two readings', [reading(700), reading(730)], { known: true, value: 0.3 }, 1],
  ['an idle agent', [reading(700), reading(700)], { known: true, value: 0 }, 1],
  ['one missing between', [reading(10), nothing, reading(40)], { known: true, value: 0.3 }, 2],
  ['a reset', [reading(700), reading(3), reading(900)], { known: false }, 2],
] as const)('CPU time of %s', (_, readings, cpuSeconds, overSeconds) => {
  expect(after(readings).soFar()).toMatchObject({ cpuSeconds, overSeconds });
});

test('the system time is told apart from the sum, from the first reading to the last', () => {
  const { cpuSeconds, cpuSystemSeconds } = after([reading(700), nothing, reading(800)]).soFar();
  expect(cpuSeconds).toMatchObject({ value: 1 });
  expect(cpuSystemSeconds).toBeCloseTo(0.1);
});

test.each([
  ['memory', { rssKb: undefined }],
  ['cpu', { cpuTicks: undefined }],
  ['descriptors', { fileDescriptors: undefined }],
  ['threads', { threads: undefined }],
  ['locked', { locked: undefined }],
  ['written', { writtenBytes: undefined }],
  ['files', { filesKb: undefined }],
] as const)('a reading without %s is missing there, and nowhere else', (what, lacks) => {
  const resources = after([reading(1), { ...reading(2, 300, 9), ...lacks }, reading(3)]);
  const { unread, descriptors, threads } = resources.result();
  expect(unread).toEqual({ [what]: 1 });
  expect(descriptors.highest).toBe(what === 'descriptors' ? 120 : 300);
  expect(threads.highest).toBe(what === 'threads' ? 2 : 9);
  expect(resources.rss.samples).toBe(what === 'memory' ? 2 : 3);
});

test('a reading that told nothing is missing everywhere, and the highest of the others is kept', () => {
  const { unread, descriptors } = after([reading(1, 300), nothing, reading(3)]).result();
  expect(Object.values(unread)).toEqual([1, 1, 1, 1, 1, 1, 1]);
  expect(descriptors).toEqual({ highest: 300 });
});

test('a leak of a descriptor a minute has a trend, and threads that stand still have none', () => {
  const leaking = Array.from({ length: 300 }, (_, second) =>
    reading(second, 120 + Math.floor(second / 60)),
  );
  const { descriptors, threads } = after(leaking).result();
  expect(descriptors.trend?.lowPerHour).toBeGreaterThan(0);
  expect(descriptors.trend?.perHour).toBeCloseTo(60, -1);
  expect(threads.trend).toMatchObject({ perHour: 0, rise: 0 });
});
