import { expect, test } from 'vitest';
import { alwaysAnswers, errorOf } from '../../../fixtures/examples/property-tools.ts';
import { parseVersion } from './version.ts';

test('the version is what follows the name', () => {
  expect(parseVersion('aegisbpf 0.10.0\n')).toEqual({
    ok: true,
    value: { version: '0.10.0', standIn: false },
  });
});

test('the stand-in agent is known by its version', () => {
  expect(parseVersion('aegisbpf 0.10.0-stand-in\n')).toMatchObject({ value: { standIn: true } });
  expect(parseVersion('aegisbpf 0.10.0-stand-in-not\n')).toMatchObject({
    value: { standIn: false },
  });
});

test.each([
  '',
  'aegisbpf',
  'aegisbpf ',
  'aegisbpf 1 2',
  'aegisbpf 1\n2',
  'Usage: x',
  'aegisbpf \u001b[1m',
])('%j is no version', (text) => {
  expect(errorOf(parseVersion(text))).toContain('expected one line `aegisbpf <version>`');
});

test('no text and no damage makes it throw', () => {
  alwaysAnswers((text) => errorOf(parseVersion(text)), 'aegisbpf 0.10.0\n');
});
