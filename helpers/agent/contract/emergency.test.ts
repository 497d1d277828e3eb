import { expect, test } from 'vitest';
import { alwaysAnswers, errorOf } from '../../../fixtures/examples/property-tools.ts';
import { parseEmergencyStatus } from './emergency.ts';

const storm = {
  storm_active: false,
  storm_transitions_in_window: 1,
  storm_threshold: 10,
  storm_window_seconds: 60,
};
const toggled = {
  ok: true,
  enabled: true,
  kernel_state_known: true,
  kernel_enabled: true,
  state_present: true,
  changed_at_unix: 1795433328,
  uid: 0,
  pid: 354,
  node_name: 'staging',
  reason: 'TICKET=1 drill',
  reason_sha256: 'ab',
  transitions_total: 1,
  ...storm,
};
const untouched = {
  ok: true,
  enabled: false,
  kernel_state_known: true,
  kernel_enabled: false,
  state_present: false,
  ...storm,
};
const parse = (document: object) => parseEmergencyStatus(`${JSON.stringify(document)}\n`);

test('a bypassed node is read with its last change', () => {
  expect(parse(toggled)).toMatchObject({
    ok: true,
    value: {
      enabled: true,
      kernel_state_known: true,
      kernel_enabled: true,
      ...{ pid: 354, reason: 'TICKET=1 drill', transitions_total: 1 },
    },
  });
});

test('a node that was never toggled has no last change', () => {
  expect(parse(untouched)).toMatchObject({
    ok: true,
    value: { enabled: false, state_present: false },
  });
});

test('an unreadable kernel flag stays unknown', () => {
  const { kernel_enabled: _, ...unknown } = { ...untouched, kernel_state_known: false };
  expect(parse(unknown)).toMatchObject({
    ok: true,
    value: { kernel_state_known: false },
  });
});

test('a known kernel flag must be there and must agree', () => {
  const { kernel_enabled: _, ...absent } = untouched;
  expect(errorOf(parse(absent))).toContain('saw nothing at $.kernel_enabled');
  expect(errorOf(parse({ ...untouched, kernel_enabled: true }))).toContain(
    'expected the same value as enabled, saw true at $.kernel_enabled',
  );
});

test('a present state must be complete', () => {
  const { reason: _, ...incomplete } = toggled;
  expect(errorOf(parse(incomplete))).toContain('saw nothing at $.reason');
});

test('no text and no damage makes it throw', () => {
  alwaysAnswers(
    (text) => errorOf(parseEmergencyStatus(text)),
    JSON.stringify(toggled),
    JSON.stringify(untouched),
  );
});
