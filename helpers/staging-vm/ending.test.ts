import { describe, expect, test } from 'vitest';
import { EXIT, endingOf, JOB_STARTS, SETUP_FAILED } from './ending.ts';

const PANIC = 'Kernel panic - not syncing: sysrq triggered crash';
const at = (console: string, more: object = {}) =>
  endingOf({ console, result: undefined, late: undefined, ...more }).exitCode;

describe('the ending of a VM', () => {
  test("is the command's own exit code below the tool's", () => {
    for (const code of [0, 1, 2, 123]) expect(at(JOB_STARTS, { result: String(code) })).toBe(code);
  });

  test("never takes a command's exit code for one of the tool's", () => {
    for (const code of [124, 125, 126, 137, 255])
      expect(at(JOB_STARTS, { result: String(code) })).toBe(1);
  });

  test('is a panic once the command had started, and no VM before', () => {
    expect(at(`${JOB_STARTS}\n${PANIC}`)).toBe(EXIT.panic);
    expect(at(PANIC)).toBe(EXIT.noVm);
  });

  test('is a panic even when a result was written before it', () => {
    expect(at(`${JOB_STARTS}\n${PANIC}`, { result: '0' })).toBe(EXIT.panic);
  });

  test('tells the limit of the command from that of the boot', () => {
    expect(at(JOB_STARTS, { late: 'command' })).toBe(EXIT.timeout);
    expect(at('', { late: 'boot' })).toBe(EXIT.noVm);
  });

  test('without a result is no VM, never a pass', () => {
    expect(at(JOB_STARTS)).toBe(EXIT.noVm);
    expect(at(JOB_STARTS, { result: '' })).toBe(EXIT.noVm);
    expect(at(SETUP_FAILED)).toBe(EXIT.noVm);
  });
});
