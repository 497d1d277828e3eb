import fc from 'fast-check';
import { expect, test } from 'vitest';
import { propertyRuns } from '../../fixtures/examples/property-tools.ts';
import { compareProfiles, parseProfile } from './profile.ts';

test('hosts with the same settings do not differ', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string()), (settings) => {
      expect(compareProfiles(settings, { ...settings })).toEqual([]);
    }),
    propertyRuns(),
  );
});

test('each setting that differs is named with both values, also when one side lacks it', () => {
  const production = { kernel: '6.1', same: 'x', gone: 'y' };
  const staging = { kernel: '6.2', same: 'x', added: 'z' };
  expect(compareProfiles(production, staging)).toEqual([
    { setting: 'kernel', production: '6.1', staging: '6.2' },
    { setting: 'gone', production: 'y', staging: 'not read' },
    { setting: 'added', production: 'not recorded', staging: 'z' },
  ]);
});

test('a file that is no profile is refused with the place of the fault', () => {
  const other = JSON.stringify({ schema: 2, recordedAt: 'x', hostname: 'h', settings: {} });
  expect(() => parseProfile(other, 'p.json')).toThrow(
    /^p\.json is not a host profile: schema: expected 1; recordedAt: expected a time, .*; record one on a production host with `npm run profile -- production\.json`$/,
  );
  const good = {
    schema: 1,
    recordedAt: '2026-11-23T14:00:00.000Z',
    hostname: 'h',
    settings: { a: 'b' },
  };
  expect(parseProfile(JSON.stringify(good), 'p.json')).toEqual(good);
});
