import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';

const PLAN = join(import.meta.dirname, 'plan.ts');
/** In a folder without a vitest configuration. */
const plan = (knobs: Readonly<Record<string, string>>, cwd = import.meta.dirname) =>
  execFileSync(process.execPath, [PLAN], { encoding: 'utf8', env: knobs, cwd });

test('tells what a run would check, change and take, with what is left out, and makes nothing', () => {
  const folder = dirSync({ unsafeCleanup: true });
  const OUT_DIR = join(folder.name, 'evidence');
  const knobs = { SOAK_NET_WORKLOAD: '0', COST_BLOCKS: '2', HEADROOM: '1' };
  const text = plan({ OUT_DIR, DURATION_SECONDS: '600', ...knobs });
  expect(text).toMatch(/^ {2}Rollback drill +\d+ criteria$/m);
  expect(text).toContain('audit.network: not asked for: SOAK_NET_WORKLOAD is off');
  expect(text).toMatch(/^ {2}not asked for: AEGIS_BIN_PREVIOUS is not set: Against the previous/m);
  expect(text).toMatch(
    /^ {4}coverage\.host-.*, coverage\.host-.*: not asked for: DISPOSABLE_HOST is off$/m,
  );
  expect(text).not.toContain('enforce.headroom');
  expect(text).toContain(
    '20 min 37 s of soaks and measuring: audit 10 min 5 s, enforce 10 min 5 s, cost 27 s',
  );
  for (const phase of ['audit', 'enforce', 'coverage', 'cost', 'rollback'])
    expect(text).toMatch(new RegExp(`^  ${phase} +\\w`, 'm'));
  expect(existsSync(OUT_DIR)).toBe(false);
  folder.removeCallback();
});

test('of one phase tells that one, and of the preconditions that nothing is changed', () => {
  const one = plan({ PHASE: 'audit' });
  expect(one).toContain('not asked for: Rollback drill');
  expect(one).not.toMatch(/^ {2}enforce /m);
  expect(plan({ PHASE: 'preconditions' })).toContain('will be changed on this host\n  nothing\n');
});

test('tells what is done with what the operator names, in the phases that do it', () => {
  const folder = dirSync({ unsafeCleanup: true });
  const CANDIDATE_POLICY = join(folder.name, 'production.policy');
  writeFileSync(CANDIDATE_POLICY, 'version=1\n');
  const knobs = {
    ...{
      CANDIDATE_POLICY,
      AGENT_UNIT: CANDIDATE_POLICY,
      COST_COMMAND: '["/usr/bin/make"]',
      DISPOSABLE_HOST: '1',
    },
    ...{ WORKLOAD_COMMAND: '["/usr/bin/make"]', WORKLOAD_UNIT: 'app.service' },
  };
  const text = plan(knobs);
  expect(text).toContain('CANDIDATE_POLICY: applied for audit, enforce and coverage, and removed');
  expect(text).toContain('AGENT_UNIT: a transient unit in coverage has its limits;');
  expect(text).toContain('COST_COMMAND: run as root, once a block of cost');
  expect(text).toContain('DISPOSABLE_HOST=1: rules for the whole host in coverage');
  expect(text).toContain('WORKLOAD_COMMAND: run as root through audit and enforce');
  expect(text).toContain('WORKLOAD_UNIT: looked at through audit and enforce, and never started,');
  const cost = plan({ ...knobs, PHASE: 'cost' });
  expect(cost).not.toMatch(/CANDIDATE_POLICY: |DISPOSABLE_HOST=1: |WORKLOAD_\w+: /);
  expect(plan({ ...knobs, PHASE: 'audit' })).not.toContain('COST_COMMAND: ');
  folder.removeCallback();
});

test('names every knob that cannot be used', () => {
  const { status, stderr } = spawnSync(process.execPath, [PLAN], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    env: { PHASE: 'cots', SOAK_RATE: 'x' },
  });
  expect([status, stderr]).toEqual([
    2,
    expect.stringMatching(/^plan: 2 knobs cannot be used[\s\S]*PHASE=[\s\S]*SOAK_RATE=/),
  ]);
});

test('lists every knob that is set with its value, and where it was set', () => {
  const folder = dirSync({ unsafeCleanup: true });
  writeFileSync(
    join(folder.name, 'canary.config.yaml'),
    'PHASE: audit\nprofiles:\n  db-hosts:\n    WORKLOAD_COMMAND: [/usr/bin/true, -x]\n',
  );
  const text = execFileSync(process.execPath, [PLAN], {
    encoding: 'utf8',
    cwd: folder.name,
    env: { PROFILE: 'db-hosts', WORKERS: '2' },
  });
  expect(text.split('\n').slice(0, 6)).toEqual([
    'knobs that are set',
    '  PROFILE          db-hosts   environment',
    '  PHASE            audit   canary.config.yaml:1:8',
    '  WORKERS          2   environment',
    '  WORKLOAD_COMMAND ["/usr/bin/true","-x"]   canary.config.yaml:4:23 (profile db-hosts)',
    '',
  ]);
  expect(text).toContain('not asked for: Rollback drill');
  folder.removeCallback();
});

const OWN = `import { defineCanary } from ${JSON.stringify(join(import.meta.dirname, '../plugin/define-canary.ts'))};
import { payments } from './payments.ts';
export default defineCanary({
  specs: [
    { files: 'canary/one.spec.ts', before: 'coverage' },
    { files: 'canary/two.spec.ts', during: 'audit' },
  ],
  workloads: [payments],
  agent: { runArguments: ['--landlock'], environment: { AEGIS_NODE_NAME: 'db-7' } },
  profiles: { 'db-hosts': { WORKERS: 2 } },
});\n`;
const WORKLOAD = `export const payments = {
  ...{ name: 'payments', module: import.meta.url, start() {}, stop() {} },
  counts: () => ({ completed: 0, failed: 0 }),
};\n`;

test("tells what a team's vitest configuration adds, without vitest and without root, or why it cannot be told", () => {
  const folder = dirSync({ unsafeCleanup: true });
  const write = (name: string, text: string) => writeFileSync(join(folder.name, name), text);
  write('payments.ts', WORKLOAD);
  write('vitest.config.ts', OWN);
  mkdirSync(join(folder.name, 'canary'));
  for (const name of ['one', 'two']) write(`canary/${name}.spec.ts`, '');
  const text = plan({ PROFILE: 'db-hosts' }, folder.name);
  expect(text).toMatch(/^ {2}AGENT_OPTIONS +\["--landlock"\] {3}defineCanary$/m);
  expect(text).toMatch(/^ {2}AGENT_ENVIRONMENT +\["AEGIS_NODE_NAME=db-7"\] {3}defineCanary$/m);
  expect(text).toMatch(/^ {2}WORKERS +2 {3}defineCanary \(profile db-hosts\)$/m);
  expect(text).toContain('  own spec canary/one.spec.ts: before coverage\n');
  expect(text).toContain('  own spec canary/two.spec.ts: during audit\n');
  expect(text).toContain('  own workload payments: run as root through each soak, and judged\n');
  write('vitest.config.ts', "import './none.ts';");
  expect(plan({}, folder.name)).toMatch(/vitest\.config\.ts tells nothing of .*none\.ts/);
  write('vitest.config.ts', OWN.replace('one.spec', 'no.spec'));
  const env = { WORKERS: 'x' };
  const { status, stderr } = spawnSync(process.execPath, [PLAN], { cwd: folder.name, env });
  expect([status, String(stderr)]).toEqual([
    2,
    expect.stringMatching(/^plan: own specs .*no\.spec\.ts.*no such file.*; WORKERS="x": /),
  ]);
  folder.removeCallback();
});
