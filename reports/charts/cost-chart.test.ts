import { join } from 'node:path';
import { XMLValidator } from 'fast-xml-parser';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exampleRun } from '../../fixtures/examples/example-run.ts';
import type { JudgedRatio } from '../../helpers/cost/result.ts';
import { RunDirectory } from '../../helpers/evidence/run-directory.ts';
import { costChart } from './cost-chart.ts';

let parent: ReturnType<typeof dirSync>;
let run: RunDirectory;
beforeEach(() => {
  parent = dirSync({ unsafeCleanup: true });
  run = RunDirectory.create(join(parent.name, 'run'));
  run.directory('cost');
});
afterEach(() => parent.removeCallback());

const ratio = (changes: Partial<JudgedRatio> = {}): JudgedRatio => ({
  ...{ piece: 'open', mode: 'audit', figure: 'p95', ratio: 1.3, low: 1.25, high: 1.36 },
  ...{ noise: { ratio: 1, low: 0.98, high: 1.02 }, limit: 1.05, verdict: 'above' },
  ...changes,
});

const drawnOf = (...ratios: readonly JudgedRatio[]) => {
  run.writeJson('cost/ratios.json', { seed: 1, order: [], ratios });
  return costChart(exampleRun({ rehearsal: ['played'] }), run.path) ?? '';
};

test('draws each piece in both modes and the host against itself, well-formed and for both colour schemes', () => {
  const svg = drawnOf(
    ratio(),
    ratio({ figure: 'p50' }),
    ratio({ mode: 'enforce', verdict: 'within' }),
  );
  expect(XMLValidator.validate(svg)).toBe(true);
  expect([...svg.matchAll(/>(open, [^<]+)</g)].map(([, name]) => name)).toEqual([
    'open, audit',
    'open, enforce',
    'open, no agent',
  ]);
  expect(svg).toContain('AegisBPF staging canary (REHEARSAL): what the host pays');
  expect(svg).toContain('prefers-color-scheme:dark');
  expect(svg).not.toMatch(/<script|href="http|NaN|undefined/);
  const visible = svg.replace(/<[^<>]*(?:stroke-width="0"|fill="#000")[^<>]*>/g, '');
  for (const [, used] of visible.matchAll(/(?:fill|stroke)="(#[0-9a-f]{6})"/g))
    expect(svg).toContain(`[fill="${used}"]{fill:#`);
});

test('draws the candidate against the previous version, and nothing of what has no interval', () => {
  const of = { figure: 'p95', ratio: 1.4, low: 1.3, high: 1.5, limit: 1.05 };
  run.writeJson('cost/previous.json', {
    ...{ version: '0.9.0<b>', path: '/opt/old', sha256: 'a' },
    metrics: [
      { ...of, metric: 'open', verdict: 'worse' },
      { ...of, metric: 'open', figure: 'p99', verdict: 'worse' },
      { ...of, metric: 'memory', verdict: 'same' },
      { metric: 'features', figure: 'promises', verdict: 'same', detail: 'nothing is lost' },
    ],
  });
  const svg = drawnOf(ratio());
  expect(XMLValidator.validate(svg)).toBe(true);
  expect([...svg.matchAll(/>(\w+), new \/ previous</g)].map(([, name]) => name)).toEqual([
    'open',
    'memory',
  ]);
  expect(svg).toContain('of the candidate / 0.9.0&lt;b&gt;');
});

test('the last label of the axis is short enough to be read whole', () => {
  const svg = drawnOf(ratio({ ratio: 2.4317597, low: 2, high: 3 }));
  const labels = [...svg.matchAll(/>([\d.]+)</g)].map(([, label]) => label);
  expect(labels.at(-1)).toBe('3');
});

test('a ratio below the picture is an arrow out of it, and no dot at its edge', () => {
  const [inside, below] = [
    drawnOf(ratio({ ratio: 0.5 })),
    drawnOf(ratio({ ratio: 0.2, low: 0.1 })),
  ];
  const dots = (svg: string) => [...svg.matchAll(/<(circle|ellipse)|A4 4/g)].length;
  expect(dots(below)).toBe(dots(inside) - 1);
});

test('an interval without an end is drawn to the end of the picture', () => {
  const svg = drawnOf(
    ratio({ ratio: 1.1, low: 1e-200, high: 1e200, verdict: 'too noisy to tell' }),
  );
  expect(XMLValidator.validate(svg)).toBe(true);
  expect(svg).not.toMatch(/NaN|Infinity|e\+/);
});

test('a run without a cost phase has no such chart', () => {
  expect(costChart(exampleRun(), run.path)).toBeUndefined();
});
