import { testName } from '../fixtures/rehearsals/fault.ts';
import { FAULTS } from '../fixtures/rehearsals/fault-matrix.ts';
import { inParts } from './in-parts.ts';

/**
 * The fault matrix (`npm run test:faults`): one rehearsal of the canary per fault, several at once, and
 * docs/fault-matrix.md as the result. -t tries those of a name; the rows of the others stay. A run that was
 * cut short goes on where it stopped, as long as the source is the same.
 */
export default inParts('fixtures/rehearsals/fault-matrix.test.ts', FAULTS.map(testName), [
  'fixtures/rehearsals/write-fault-page.ts',
]);
