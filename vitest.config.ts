import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { runName } from './helpers/evidence/run-directory.ts';
import { COMPILE_CACHE } from './helpers/files/compile-cache.ts';
import { RunbookOrder } from './helpers/run/runbook-order.ts';
import { readSettings, type Settings, SettingsError } from './helpers/settings/settings.ts';

/** Every knob is checked before vitest starts anything; all bad ones are named at once. */
function settingsOrExit(): Settings {
  try {
    return readSettings();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`aegisbpf-canary: ${error.message}\n`);
    process.exit(2);
  }
}

const settings = settingsOrExit();
Object.assign(process.env, COMPILE_CACHE);
const finished = settings.CANARY_RUN ?? [];
const kind = finished.length > 1 ? 'together' : settings.PHASE;
const [only = ''] = finished;
const runDirectory =
  finished.length === 1 ? only : join(settings.OUT_DIR, runName(kind, new Date(), process.pid));

export default defineConfig({
  root: import.meta.dirname,
  test: {
    // The runbook and nothing else: the suite's own tests have their own configuration in .vitest/.
    include: ['canary/*.spec.ts'],
    provide: { runDirectory },
    globalSetup: ['helpers/run/canary-setup.ts'],
    // A soak on a host must never start again because a file was saved.
    watch: false,
    // The runbook has an order, and the host is one.
    pool: 'forks',
    fileParallelism: false,
    sequence: { sequencer: RunbookOrder },
    retry: 0,
    teardownTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: [
      ['./reports/live-progress.ts', { runDirectory }],
      // Its summary window on a terminal would fight the live line.
      ['verbose', { summary: false }],
      ['./reports/outside-errors-reporter.ts', { runDirectory }],
      // Charts and tables first, for the others refer to them; JUnit and the final status last, for they tell
      // which of the others could not be written.
      ['./reports/charts-reporter.ts', { runDirectory }],
      ['./reports/review-table-reporter.ts', { runDirectory }],
      ['./reports/allure-reporter.ts', { runDirectory }],
      ['./reports/ticket-reporter.ts', { runDirectory }],
      ['./reports/github-reporter.ts', { runDirectory }],
      ['./reports/junit-reporter.ts', { runDirectory }],
      ['./reports/final-status-reporter.ts', { runDirectory }],
    ],
  },
});
