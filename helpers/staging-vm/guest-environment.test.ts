import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { guestEnvironment, knobProblems } from './guest-environment.ts';

const folder = mkdtempSync(join(tmpdir(), 'staging-vm-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string) => {
  writeFileSync(join(folder, name), name);
  return join(folder, name);
};

describe("the guest's environment", () => {
  test('without AEGIS_BIN is a rehearsal that says that it mirrors no production host', () => {
    const { variables, files, rehearsal } = guestEnvironment(
      { PATH: '/x', DURATION_SECONDS: '7' },
      'tcg',
    );
    expect(rehearsal).toBe(true);
    expect(files).toEqual([]);
    expect(variables).toMatchObject({
      AEGIS_BIN: '/job/project/fixtures/stand-in/aegisbpf',
      HOST_ROOT: '/',
      OUT_DIR: '/job/out',
      DISPOSABLE_HOST: '1',
      DURATION_SECONDS: '7',
      PHASE: 'audit',
    });
    expect(guestEnvironment({}, 'kvm').variables).not.toHaveProperty('PHASE');
    expect(variables.ATTEST_PRODUCTION_MATCH).toMatch(/mirrors no production host/);
    expect(variables.PATH).not.toContain('/x');
  });

  test('with AEGIS_BIN carries every named file, and what belongs beside it', () => {
    const hash = file('aegis.bpf.sha256');
    const besideUnit = file('agent.env');
    mkdirSync(join(folder, 'agent.service.d'));
    const dropIn = file('agent.service.d/50-host.conf');
    const { variables, files, rehearsal } = guestEnvironment(
      {
        AEGIS_BIN: file('aegisbpf'),
        AEGIS_BPF_OBJ: file('aegis.bpf.o'),
        CANDIDATE_POLICY: file('policy'),
        AGENT_UNIT: file('agent.service'),
        OUT_DIR: '/elsewhere',
        AEGIS_UNKNOWN: '1',
      },
      'tcg',
    );
    expect(rehearsal).toBe(false);
    expect(variables.AEGIS_BIN).toBe('/job/carried/AEGIS_BIN/aegisbpf');
    expect(variables.CANDIDATE_POLICY).toBe('/job/carried/CANDIDATE_POLICY/policy');
    expect(files).toContainEqual({ from: hash, to: 'AEGIS_BPF_OBJ/aegis.bpf.sha256' });
    expect(files).toContainEqual({ from: besideUnit, to: 'AGENT_UNIT/agent.env' });
    expect(files).toContainEqual({
      ...{ from: dropIn, to: 'AGENT_UNIT/agent.service.d/50-host.conf' },
    });
    expect(variables).not.toHaveProperty('AEGIS_UNKNOWN');
    expect(variables).not.toHaveProperty('ATTEST_PRODUCTION_MATCH');
    expect(variables.OUT_DIR).toBe('/job/out');
  });

  test('is refused when it names files that are not there or places of this machine', () => {
    const problems = knobProblems({
      AEGIS_BIN: join(folder, 'none'),
      HOST_ROOT: '/srv',
      PHASE: 'x',
    });
    expect(problems).toHaveLength(3);
    expect(knobProblems({})).toEqual([]);
  });
});
