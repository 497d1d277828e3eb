import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files of many rehearsals. What begins last of them decides how long the whole takes. */
const LONGEST = [
  ...['drill', 'strangers', 'lost-files', 'runbook', 'review', 'evidence', 'one-cause'],
  ...['lost-evidence', 'door', 'world', 'hostile-surroundings', 'own-specs', 'changed-meanwhile'],
  ...['seal', 'rooms', 'one-verdict', 'restart-faults', 'interrupts', 'decision-faults'],
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
