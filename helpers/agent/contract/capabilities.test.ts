import { expect, test } from 'vitest';
import { alwaysAnswers, errorOf, sample } from '../../../fixtures/examples/property-tools.ts';
import { parseCapabilities } from './capabilities.ts';

const real = sample('caps.json');

test('the real report of an audit daemon is read', () => {
  expect(parseCapabilities(real)).toMatchObject({
    ok: true,
    value: {
      schema_semver: '1.8.0',
      generated_at_unix: 1795433328,
      audit_only: true,
      enforce_capable: true,
      enforce_blockers: [],
      runtime_state: 'AUDIT_FALLBACK',
      hooks: { lsm_file_open: false, lsm_file_mmap: true, lsm_inode_copy_up: true },
      policy: { snapshot_present: false },
      requirements_met: { network: true },
      state_transitions: { total: 1, enforce_requested: false },
    },
  });
});

test.each([
  ['"schema_version": 1', '"schema_version": 2', 'expected 1, saw 2 at $.schema_version'],
  ['"runtime_state": "AUDIT_FALLBACK"', '"runtime_state": "FINE"', 'saw "FINE" at $.runtime_state'],
  ['"lsm_file_open": false,', '', 'saw nothing at $.hooks.lsm_file_open'],
  ['"audit_only": true', '"audit_only": 1', 'expected boolean, saw 1 at $.audit_only'],
])('%s changed to %s is refused', (was, is, expected) => {
  expect(errorOf(parseCapabilities(real.replace(was, is)))).toContain(expected);
});

test('a report cut in half is refused', () => {
  expect(errorOf(parseCapabilities(real.slice(0, real.length / 2)))).toContain(
    'the end of the text',
  );
});

test('no text and no damage makes it throw', () => {
  alwaysAnswers((text) => errorOf(parseCapabilities(text)), real);
});
