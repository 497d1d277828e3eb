import { CLEAN_REHEARSALS, testName } from '../fixtures/rehearsals/clean-rehearsals.ts';
import { inParts } from './in-parts.ts';

/**
 * No false alarms (`npm run test:clean`): REHEARSALS clean rehearsals (100), several at once, every other one
 * beside a busy loop on each processor besides. A run that was cut short goes on where it stopped, as long as
 * the source is the same.
 */
export default inParts(
  'fixtures/rehearsals/clean-rehearsals.test.ts',
  CLEAN_REHEARSALS.map(testName),
);
