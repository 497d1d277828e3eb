import { expect, test } from 'vitest';
import { blockOrder, type Configuration, seeded } from '../../cost/order.ts';
import { OWN_FIGURE_NAMES } from '../../cost/own-figures.ts';
import { PIECE_NAMES } from '../../cost/pieces.ts';
import type { Times } from '../../cost/slice.ts';
import { SOAK_FIGURE_NAMES, SOAK_FIGURES } from '../../cost/soak-figures.ts';
import type { Block } from './cost-blocks.ts';
import { comparedFigures, noData } from './previous-figures.ts';

const THREE = ['audit', 'enforce', 'previous'] as const;
const SOAKED = ['decisions', 'drops', 'decision-cpu'];
const METRICS = [...PIECE_NAMES, 'command', ...OWN_FIGURE_NAMES, ...SOAKED];

/** Blocks on a host with a noise of 1 %, in which one metric of some configurations is another. */
function blocks(changed: string, times: Readonly<Partial<Record<Configuration, number>>>): Block[] {
  const random = seeded(5);
  return blockOrder(4, random, THREE).map((configuration) => {
    const figure = (metric: string, usual: number) =>
      usual * (metric === changed ? (times[configuration] ?? 1) : 1) * (0.99 + 0.02 * random());
    const slice = (metric: string): Times => {
      const us = figure(metric, 5);
      return { count: 1000, least: us, p50: us, p95: us, p99: us, mean: us };
    };
    const all = <Name extends string>(names: readonly Name[], of: (name: Name) => unknown) =>
      Object.fromEntries(names.map((name) => [name, of(name)]));
    return {
      configuration,
      times: all(PIECE_NAMES, slice) as Block['times'],
      commandMs: figure('command', 300),
      soak: all(SOAK_FIGURE_NAMES, (name) =>
        figure(SOAK_FIGURES[name].metric, 20_000),
      ) as NonNullable<Block['soak']>,
      own: all(OWN_FIGURE_NAMES, (name) => figure(name, 20_000)) as NonNullable<Block['own']>,
    };
  });
}

const byDefault = (limit: number) => limit;
const verdicts = (...args: Parameters<typeof blocks>) => {
  const lines = comparedFigures(blocks(...args), byDefault, true).map(({ line }) => line);
  return (verdict: string) => [
    ...new Set(lines.filter((line) => line.verdict === verdict).map(({ metric }) => metric)),
  ];
};

test.each(METRICS)(
  '%s is worse where it is surely more than with the previous version',
  (metric) => {
    const of = verdicts(metric, { audit: 1.5, enforce: 1.5 });
    expect(of('worse')).toEqual([metric]);
    expect(of('same')).toEqual(METRICS.filter((one) => one !== metric));
  },
);

test.each(METRICS)('%s is better where the previous version surely needs more', (metric) => {
  const of = verdicts(metric, { previous: 1.5 });
  expect([of('better'), of('worse')]).toEqual([[metric], []]);
});

test('both times to ready below a second are the same, and are told as they were measured', () => {
  const quick = blocks('none', {}).map(({ own, ...block }): Block => {
    const start = block.configuration === 'previous' ? 200 : 700;
    return { ...block, ...(own === undefined ? {} : { own: { ...own, start } }) };
  });
  const lines = comparedFigures(quick, byDefault, true).map(({ line }) => line);
  expect(lines.filter(({ metric }) => metric === 'start')).toMatchObject([
    {
      figure: 'time to ready, ms, compared from 1,000 on',
      ...{ verdict: 'same', ratio: 1, candidate: 700, previous: 200 },
    },
  ]);
});

test.each(METRICS)('%s that both versions need more of is the same', (metric) => {
  const of = verdicts(metric, { audit: 3, enforce: 3, previous: 3 });
  expect(of('same')).toEqual(METRICS);
});

test('twice of next to nothing is no difference', () => {
  const small = blocks('start', { enforce: 2 }).map((block) => ({
    ...block,
    own: {
      ...{ cpu: 0.1, memory: 100, locked: 900, start: 0.01 * (block.own?.start ?? 0) },
      ...{ stop: 3, gap: 20, crash: 30 },
    },
  }));
  const lines = comparedFigures(small, byDefault, false).map(({ line }) => line);
  const own = lines.filter(({ metric }) => OWN_FIGURE_NAMES.some((name) => name === metric));
  expect(own.map(({ verdict }) => verdict)).toEqual(own.map(() => 'same'));
});

test('a figure that a version lacks in every block is no data, and one that it lacks in some is compared', () => {
  let left = 2;
  const lacking = blocks('none', {}).map(({ soak, ...block }): Block => {
    if (soak === undefined) return block;
    if (block.configuration !== 'previous') return { ...block, soak };
    left -= 1;
    return { ...block, soak: { ...soak, drops: Number.NaN, lost: left < 0 ? 1 : Number.NaN } };
  });
  const figures = comparedFigures(lacking, byDefault, true);
  const drops = figures.filter(({ line }) => line.metric === 'drops');
  expect(drops.map(({ line }) => line.verdict)).toEqual(['no data', 'worse']);
  expect(drops[0]?.line.detail).toBe('it could not be read of the previous version');
  expect(drops[0]?.compared).toBeUndefined();
});

test('without blocks of the previous version there is no data, which is never good', () => {
  const lines = noData('it did not start');
  expect(new Set(lines.map(({ verdict }) => verdict))).toEqual(new Set(['no data']));
  expect(lines[0]?.detail).toBe('it did not start');
});
