import { testName } from '../fixtures/rehearsals/fault.ts';
import { groupsOf } from '../fixtures/rehearsals/fault-groups.ts';
import { FAULTS } from '../fixtures/rehearsals/fault-matrix.ts';
import { TriedRows } from '../fixtures/rehearsals/tried-rows.ts';
import { inParts } from './in-parts.ts';

/**
 * The fault matrix (`npm run test:faults`): rehearsals of the canary with the faults of several rows each
 * (fixtures/rehearsals/fault-groups.ts), several at once, and docs/fault-matrix.md as the result. -t tries those
 * of a name; the rows of the others stay. EACH_ALONE=1 tries each in a rehearsal of its own. A run that was cut
 * short goes on where it stopped, as long as the source is the same.
 */
export default inParts('fixtures/rehearsals/fault-matrix.test.ts', FAULTS.map(testName), {
  inGroups: (positions, source) => {
    const held = new TriedRows('fault-matrix', source).all();
    const rows = FAULTS.filter((_, position) => positions.includes(position));
    const left = rows.filter(({ name }) => held.get(name) !== true);
    const groups = process.env.EACH_ALONE === '1' ? left.map((row) => [row]) : groupsOf(left);
    // Those that held are skipped, and stand in the report all the same.
    const done = rows.filter((row) => !left.includes(row)).map((row) => [row]);
    return [...groups, ...done].map((group) => group.map((row) => FAULTS.indexOf(row)));
  },
  globalSetup: ['fixtures/rehearsals/write-fault-page.ts'],
});
