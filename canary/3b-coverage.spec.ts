import { afterAll } from 'vitest';
import { canaryRun } from '../helpers/steps/canary-run.ts';
import { criterion, section } from '../helpers/steps/criterion.ts';
import { CoverageMode } from '../helpers/steps/phases/coverage-phase.ts';
import { CoverageSubjects } from '../helpers/steps/phases/coverage-subjects.ts';

const run = canaryRun();
const subjects = new CoverageSubjects(run);
const audit = new CoverageMode(run, subjects, 'audit');
const enforce = new CoverageMode(run, subjects, 'enforce');

section('coverage', () => {
  criterion('coverage.control', () => subjects.makeAndTry());
  criterion('coverage.rules', () => subjects.seedRules());
  criterion('coverage.audit.ready', () => audit.start());
  criterion('coverage.audit.open-modes', () => audit.group('open-modes'));
  criterion('coverage.audit.aliases', () => audit.group('aliases'));
  criterion('coverage.audit.exec', () => audit.group('exec'));
  criterion('coverage.audit.kinds', () => audit.group('kinds'));
  criterion('coverage.audit.truncate', () => audit.group('truncate'));
  criterion('coverage.audit.controls', () => audit.group('controls'));
  criterion('coverage.audit.near-misses', () => audit.group('near-misses'));
  criterion('coverage.audit.network', () => audit.group('network'));
  criterion('coverage.audit.network-near-misses', () => audit.group('network-near-misses'));
  criterion('coverage.audit.mapped', () => audit.group('mapped'));
  criterion('coverage.audit.exemptions', () => audit.group('exemptions'));
  criterion('coverage.audit.accounting', () => audit.accounting());
  criterion('coverage.audit.stop', () => audit.stop());
  criterion('coverage.enforce.ready', () => enforce.start());
  criterion('coverage.enforce.open-modes', () => enforce.group('open-modes'));
  criterion('coverage.enforce.aliases', () => enforce.group('aliases'));
  criterion('coverage.enforce.exec', () => enforce.group('exec'));
  criterion('coverage.enforce.kinds', () => enforce.group('kinds'));
  criterion('coverage.enforce.truncate', () => enforce.group('truncate'));
  criterion('coverage.enforce.controls', () => enforce.group('controls'));
  criterion('coverage.enforce.near-misses', () => enforce.group('near-misses'));
  criterion('coverage.enforce.network', () => enforce.group('network'));
  criterion('coverage.enforce.network-near-misses', () => enforce.group('network-near-misses'));
  criterion('coverage.enforce.mapped', () => enforce.group('mapped'));
  criterion('coverage.enforce.exemptions', () => enforce.group('exemptions'));
  criterion('coverage.enforce.accounting', () => enforce.accounting());
  criterion('coverage.enforce.stop', () => enforce.stop());
  criterion('coverage.removed', () => subjects.removeRules());

  afterAll(async () => {
    await audit.cleanUp();
    await enforce.cleanUp();
    subjects.cleanUp();
  });
});
