import { expect, test } from 'vitest';
import { AgentResources } from './agent-resources.ts';

const reading = (cpuTicks: number, fileDescriptors = 120, threads = 2) => ({
  ...{ rssKb: 7500, rssSource: '/proc/4711/smaps_rollup' },
  ...{ cpuTicks, fileDescriptors, threads, childProcesses: 0 },
  locked: { kb: 102_400, maps: 40, told: 40 },
  ...{ writtenBytes: 0, filesKb: 12 },
});

/** What is known after these readings, one a second; undefined is one that /proc did not give. */
function after(readings: readonly (ReturnType<typeof reading> | undefined)[]) {
  const resources = new AgentResources(4711);
  for (const [seconds, read] of readings.entries()) resources.add(seconds, read);
  return resources;
}

test.each([
  ['no reading', [], { known: false }, 0],
  ['one reading', [reading(7)], { known: false }, 0],
  ['two readings', [reading(700), reading(730)], { known: true, value: 0.3 }, 1],
  ['an idle agent', [reading(700), reading(700)], { known: true, value: 0 }, 1],
  ['one missing between', [reading(10), undefined, reading(40)], { known: true, value: 0.3 }, 2],
  ['a reset', [reading(700), reading(3), reading(900)], { known: false }, 2],
] as const)('CPU time of %s', (_, readings, cpuSeconds, overSeconds) => {
  expect(after(readings).soFar()).toMatchObject({ cpuSeconds, overSeconds });
});

test('a reading that is missing is counted, and the highest of the others is kept', () => {
  const { unread, descriptors, threads } = after([
    reading(1, 120, 2),
    reading(2, 300, 9),
    undefined,
    reading(3, 121, 2),
  ]).result();
  expect({ unread, descriptors, threads }).toEqual({
    unread: 1,
    descriptors: { highest: 300 },
    threads: { highest: 9 },
  });
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
