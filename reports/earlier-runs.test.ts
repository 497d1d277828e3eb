import { XMLValidator } from 'fast-xml-parser';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import { exampleRun } from '../fixtures/examples/example-run.ts';
import {
  COMPARISON_FILE,
  type ComparedFigure,
  type Comparison,
} from '../helpers/evidence/comparison.ts';
import { RunDirectory } from '../helpers/evidence/run-directory.ts';
import { earlierRunsChart } from './charts/earlier-runs-chart.ts';
import { earlierRuns } from './earlier-runs.ts';

const figure = (changes: Partial<ComparedFigure>): ComparedFigure => ({
  ...{ name: 'audit: threads', unit: 'at most', better: 'less', limit: 1.25, verdict: 'same' },
  ...{ value: 3, earlier: [3, null], against: 3, ratio: 1 },
  ...changes,
});

/** What somebody else's run is called, and says of itself, is not ours. */
const EVIL = 'x](javascript:1)<b>|';
const whole = { host: 'h', candidateVersion: EVIL, candidateSha256: 'a'.repeat(64) };
const comparison: Comparison = {
  runs: [
    { directory: '/gone', isCompared: false, notes: ['audit/soak.json differs'] },
    ...[1, 2].map((day) => ({
      ...{ directory: `/runs/day-${day}`, startedAt: `2026-11-0${day}${EVIL}`, status: 'pass' },
      ...{ ...whole, isCompared: true, notes: day === 1 ? ['another host: other'] : [] },
    })),
  ],
  figures: [
    figure({}),
    figure({ name: 'audit: CPU', unit: '% of one core', value: 9, against: 3, verdict: 'worse' }),
    figure({ name: 'headroom', verdict: 'better', better: 'more' }),
    figure({ name: 'cost of open in audit', verdict: 'too noisy to tell' }),
    figure({ name: 'BPF object', verdict: 'no data' }),
  ],
  findings: { against: '/runs/day-2', new: ['audit.cpu'], fixed: [], same: [], unknown: [] },
};

test('the section tells each run with what differs, what is worse first, and what could not be told', () => {
  const text = earlierRuns(comparison).join('\n');
  expect(text).toContain('| **NO** | `audit/soak.json differs` |');
  expect(text).toMatch(/\| yes \| nothing but the candidate \|\n/);
  expect(text).toMatch(
    /\| audit: CPU, % of one core \| \*\*WORSE\*\* \| 9 \| 3 \| 1 \|\n\| headroom, at most \| better/,
  );
  expect(text).toContain('- the same, to 1.25 times: `audit: threads`');
  expect(text).toContain('- too noisy to tell: `cost of open in audit`');
  expect(text).toContain('- no data: `BPF object`');
  expect(text).toContain('- **new**: `audit.cpu`');
  const outside = text.replaceAll(/`[^`]*`/g, '');
  expect(outside).not.toMatch(/javascript|<b>/);
});

test('the chart draws each figure over the runs that are compared, and nothing without one', () => {
  const parent = dirSync({ unsafeCleanup: true });
  const run = RunDirectory.create(`${parent.name}/run`);
  const drawn = (of: Comparison) => {
    run.writeJson(COMPARISON_FILE, of);
    return earlierRunsChart(exampleRun({ rehearsal: ['played'] }), run.path);
  };
  const svg = drawn(comparison) ?? '';
  expect(XMLValidator.validate(svg)).toBe(true);
  expect(svg).toContain('AegisBPF staging canary (REHEARSAL): this run and earlier ones');
  expect(svg).toContain('1: day-1');
  expect(svg).toContain('audit: CPU, % of one core');
  expect(svg).not.toContain('BPF object');
  expect(svg).toContain('prefers-color-scheme:dark');
  expect(svg).not.toMatch(/<script|href="http|NaN|undefined|<b>/);
  expect(drawn({ runs: [], figures: [] })).toBeUndefined();
  parent.removeCallback();
});
