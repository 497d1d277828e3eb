import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files of many rehearsals. What begins last of them decides how long the whole takes. */
const LONGEST = [
  ...['review', 'runbook', 'lost-files', 'drill', 'package', 'evidence', 'strangers'],
  ...['previous-version', 'lost-evidence', 'door', 'hostile-surroundings', 'killed-drill'],
  ...['one-cause', 'own-specs', 'life-faults', 'restart-faults', 'world', 'github'],
  ...['interrupts', 'live-line', 'decision-faults', 'one-verdict'],
  ...['seal', 'fleet-command', 'rooms'],
];

function rank({ moduleId }: TestSpecification): number {
  const at = LONGEST.indexOf(basename(moduleId, '.test.ts'));
  return at < 0 ? LONGEST.length : at;
}

/** The order in which the suite's own test files begin. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((one, other) => rank(one) - rank(other));
  }
}
