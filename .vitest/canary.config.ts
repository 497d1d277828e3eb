import { hostname } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { judgingCopy, runName } from '../helpers/evidence/run-directory.ts';
import { COMPILE_CACHE } from '../helpers/files/compile-cache.mjs';
import { enter } from '../helpers/run/door.ts';
import {
  heldToTheRunbook,
  type OwnReporter,
  onlyListed,
  RunbookOrder,
} from '../helpers/run/runbook-plugin.ts';

const { settings, lists } = enter();
Object.assign(process.env, COMPILE_CACHE);
// It would put more than one worker on the host.
delete process.env.VITEST_MAX_WORKERS;
const finished = settings.CANARY_RUN ?? [];
const kind = finished.length > 1 ? 'together' : settings.PHASE;
const [only = ''] = finished;
const runDirectory =
  finished.length === 1
    ? judgingCopy(only, process.pid)
    : join(settings.OUT_DIR, runName(kind, new Date(), hostname(), process.pid));

const progress: OwnReporter = ['./reports/runbook-progress.ts', { runDirectory }];
const evidence: readonly OwnReporter[] = [
  ['./reports/outside-reporter.ts', { runDirectory, again: finished.length > 0 }],
  // Charts and tables first, for the others refer to them; JUnit and the final status last, for they tell
  // which of the others could not be written.
  ['./reports/charts-reporter.ts', { runDirectory }],
  ['./reports/review-table-reporter.ts', { runDirectory }],
  ['./reports/allure-reporter.ts', { runDirectory }],
  ['./reports/ticket-reporter.ts', { runDirectory }],
  ['./reports/github-reporter.ts', { runDirectory }],
  ['./reports/junit-reporter.ts', { runDirectory }],
  ['./reports/final-status-reporter.ts', { runDirectory }],
];

export default defineConfig({
  plugins: [heldToTheRunbook(evidence)],
  root: join(import.meta.dirname, '..'),
  test: {
    // The runbook and nothing else: the suite's own tests have their own configuration in .vitest/.
    include: ['canary/*.spec.ts'],
    provide: lists ? onlyListed(settings) : { runDirectory, settings },
    globalSetup: lists ? [] : ['helpers/run/canary-setup.ts'],
    // A soak on a host must never start again because a file was saved.
    watch: false,
    // The runbook has an order, and the host is one.
    pool: 'forks',
    fileParallelism: false,
    sequence: { sequencer: RunbookOrder },
    // A process for each section, and vite between Node and the files, would double the time around the soak.
    isolate: false,
    experimental: { viteModuleRunner: false, nodeLoader: false },
    retry: 0,
    teardownTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: [[...progress], ...evidence],
  },
});
