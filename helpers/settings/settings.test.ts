import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyText, propertyRuns } from '../../fixtures/examples/property-tools.ts';
import { askedPhases, knobNames, readSettings, SettingsError } from './settings.ts';

function problemsOf(environment: NodeJS.ProcessEnv): readonly string[] {
  try {
    readSettings(environment);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

test("without any knob the limits are the runbook's", () => {
  expect(readSettings({})).toMatchObject({
    PHASE: 'all',
    DURATION_SECONDS: 300,
    MAX_RINGBUF_DROPS: 100,
    MAX_EVENT_DROP_RATIO_PCT: 0.1,
    MIN_TOTAL_DECISIONS: 100,
    MAX_RSS_GROWTH_KB: 65536,
    ENFORCE_SIGNAL: 'term',
    ALLOW_SIGKILL_CANARY: false,
    WORKERS: 4,
    RINGBUF_BYTES: 16777216,
  });
});

test('an empty knob counts as unset', () => {
  const empty = Object.fromEntries(knobNames.map((name) => [name, '']));
  expect(readSettings(empty)).toEqual(readSettings({}));
});

test('every bad knob is named in one message', () => {
  const bad = { PHASE: 'Audit', WORKERS: '0', MAX_RINGBUF_DROPS: '-1', RINGBUF_BYTES: '5000' };
  expect(problemsOf(bad)).toHaveLength(4);
  expect(() => readSettings(bad)).toThrow(
    /^4 knobs cannot be used; nothing was touched:\n.*PHASE="Audit".*\n.*MAX_RINGBUF_DROPS="-1".*\n.*WORKERS="0".*\n.*RINGBUF_BYTES=5000.*$/,
  );
});

test('SIGKILL enforcement needs its second knob', () => {
  expect(problemsOf({ ENFORCE_SIGNAL: 'kill' })).toEqual([
    expect.stringContaining('ALLOW_SIGKILL_CANARY=1'),
  ]);
  const both = readSettings({ ENFORCE_SIGNAL: 'kill', ALLOW_SIGKILL_CANARY: '1' });
  expect(both.ENFORCE_SIGNAL).toBe('kill');
});

test.each(['/etc/passwd', '/usr', '/bin/sh', '/proc/1/mem', 'relative', '/var/../etc/x', '/tmp/'])(
  'SOAK_BLOCK_PATH=%s is refused',
  (target) => {
    expect(problemsOf({ SOAK_BLOCK_PATH: target })).toEqual([
      expect.stringContaining('SOAK_BLOCK_PATH='),
    ]);
  },
);

test('a file whose name only begins like a system tree is accepted', () => {
  expect(readSettings({ SOAK_BLOCK_PATH: '/etcetera/x' }).SOAK_BLOCK_PATH).toBe('/etcetera/x');
});

test('a link on the way of SOAK_BLOCK_PATH is refused, and where it leads is named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'settings-'));
  symlinkSync('/etc', join(folder, 'conf'));
  expect(problemsOf({ SOAK_BLOCK_PATH: join(folder, 'conf/passwd') })).toEqual([
    expect.stringContaining('a link on its way leads to "/etc/passwd"'),
  ]);
  rmSync(folder, { recursive: true });
});

test('files that are used in the midst of a run must be usable before it', () => {
  expect(problemsOf({ CANDIDATE_POLICY: '/dev/zero', KNOWN_DEFECTS: '/no/such' })).toEqual([
    expect.stringContaining('KNOWN_DEFECTS="/no/such": cannot be used'),
    expect.stringContaining('CANDIDATE_POLICY="/dev/zero": it cannot be read: it is not a regular'),
  ]);
});

test.each(['', ' ', '\u00a0 ', ' : ', 'me'])("a blank attestation %j is nobody's word", (text) => {
  const problems = problemsOf({ ATTEST_PRODUCTION_MATCH: text });
  if (text === '') expect(problems).toEqual([]);
  else expect(problems[0]).toContain('expected your name and what you compared');
});

test('the previous version must be files, and its BPF object needs it', () => {
  const missing = { AEGIS_BIN_PREVIOUS: '/no/such', AEGIS_BPF_OBJ_PREVIOUS: '/dev/null' };
  expect(problemsOf(missing)).toEqual([
    expect.stringContaining('AEGIS_BIN_PREVIOUS="/no/such": there is no such file'),
    expect.stringContaining('AEGIS_BPF_OBJ_PREVIOUS="/dev/null": there is no such file'),
  ]);
  const here = import.meta.filename;
  expect(problemsOf({ AEGIS_BIN_PREVIOUS: here })).toEqual([]);
  const itself = { AEGIS_BIN: here, AEGIS_BIN_PREVIOUS: here };
  expect(problemsOf(itself)).toEqual([
    expect.stringContaining('it is the candidate itself (AEGIS_BIN)'),
  ]);
  const object = join(import.meta.dirname, 'settings.ts');
  expect(problemsOf({ ...itself, AEGIS_BPF_OBJ_PREVIOUS: object })).toEqual([]);
  expect(problemsOf({ AEGIS_BPF_OBJ_PREVIOUS: here })).toEqual([
    expect.stringContaining('belongs to AEGIS_BIN_PREVIOUS'),
  ]);
});

test('the operations of the soak are a list, open always among them', () => {
  expect(readSettings({}).SOAK_OPERATIONS).toBeUndefined();
  expect(readSettings({ SOAK_OPERATIONS: 'open' }).SOAK_OPERATIONS).toEqual([]);
  expect(readSettings({ SOAK_OPERATIONS: 'symlink, exec,open,exec' }).SOAK_OPERATIONS).toEqual([
    'symlink',
    'exec',
  ]);
  expect(problemsOf({ SOAK_OPERATIONS: 'exec,delete' })).toEqual([
    expect.stringMatching(/^SOAK_OPERATIONS=.*open, write, append, .*, thread/),
  ]);
});

test('COST_COMMAND is a list that no shell reads, and begins with a whole path', () => {
  const command = ['/usr/bin/make', '-C', '/src with blanks'];
  expect(readSettings({ COST_COMMAND: JSON.stringify(command) }).COST_COMMAND).toEqual(command);
  for (const bad of ['make -j4', '["make"]', '[]', '{}', '"/bin/true"', '["true","/bin/true"]'])
    expect(problemsOf({ COST_COMMAND: bad }), bad).toEqual([
      expect.stringMatching(/^COST_COMMAND=.*expected (JSON|a list)/),
    ]);
});

test('AGENT_OPTIONS are options of production, and those that the canary sets or could not judge are refused with the reason', () => {
  const options = ['--drop-caps', '--landlock', '--seccomp', '--later=1'];
  const { AGENT_OPTIONS } = readSettings({ AGENT_OPTIONS: JSON.stringify(options) });
  expect(AGENT_OPTIONS).toEqual(options);
  expect(readSettings({}).AGENT_OPTIONS).toBeUndefined();
  const why = (...all: readonly string[]) => problemsOf({ AGENT_OPTIONS: JSON.stringify(all) });
  for (const [option, words] of [
    ['--enforce', 'PHASE'],
    ['--mode=audit', 'PHASE'],
    ['--enforce-signal=int', 'set ENFORCE_SIGNAL'],
    ['--ringbuf-bytes=4096', 'set RINGBUF_BYTES'],
    ['--log=journald', 'standard output'],
    ['--log-level=warn', 'Agent started'],
    ['--event-format=cef', 'aegis alone'],
    ['--event-sample-rate=2', 'a line of its own'],
    ['--event-dedup-window-ms=5', 'a line of its own'],
    ['--deadman-ttl=9', 'rollback.deadman'],
    ['--strict-degrade', 'rollback.strict-degrade'],
    ['--lsm-hook=inode', 'one decision for an attempt'],
    ['--max-deny-inodes=10', 'this would not be in force'],
  ] as const)
    expect(why(option), option).toEqual([
      expect.stringMatching(`"${option}" cannot be used here: .*${words}`),
    ]);
  expect(why('--log-format', 'inode')).toEqual([
    expect.stringContaining('"inode" is not an option'),
  ]);
  expect(why('--audit', '--log=both')).toEqual([expect.stringMatching(/--audit.*; .*--log=both/)]);
  for (const bad of ['--landlock', '[]', '{}', '[1]'])
    expect(problemsOf({ AGENT_OPTIONS: bad }), bad).toEqual([
      expect.stringMatching(/^AGENT_OPTIONS=.*expected (JSON|a list)/),
    ]);
});

test('AGENT_ENVIRONMENT are variables of production, and those that the canary sets or that change what is measured are refused with the reason', () => {
  const variables = [
    'AEGIS_NODE_NAME=db-7',
    'OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4317/?a=b',
    'X=',
  ];
  const { AGENT_ENVIRONMENT } = readSettings({ AGENT_ENVIRONMENT: JSON.stringify(variables) });
  expect(AGENT_ENVIRONMENT).toEqual(variables);
  const why = (...all: readonly string[]) => problemsOf({ AGENT_ENVIRONMENT: JSON.stringify(all) });
  for (const [name, words] of [
    ['PATH', 'sets it for the agent itself'],
    ['CANARY_RUN_ID', 'sets it for the agent itself'],
    ['AEGIS_METRICS_ADDR', 'sets it for the agent itself'],
    ['AEGIS_BPF_OBJ', 'set the knob'],
    ['STAND_IN_FAULTS', 'set the knob'],
    ['LD_PRELOAD', 'other code than the candidate'],
    ['AEGIS_EVENT_DEDUP_WINDOW_MS', 'a line of its own'],
    ['AEGIS_ALLOW_UNSIGNED_BPF', 'coverage.object'],
    ['AEGIS_ENFORCE_PIN_LINKS', 'after its end'],
    ['AEGIS_CONTROL_STATE_PATH', 'at its usual place'],
    ['AEGIS_LSM_PATH', 'another kernel'],
    ['AEGIS_MODE', 'the unit file alone reads it'],
    ['AEGIS_POLICY_SHA256_FILE', 'refuse every policy but one'],
  ] as const)
    expect(why(`${name}=1`), name).toEqual([
      expect.stringMatching(`${name} cannot be used here: .*${words}`),
    ]);
  for (const bad of ['AEGIS_NODE_NAME', '=db-7', '7UP=x', 'a b=c'])
    expect(why(bad), bad).toEqual([expect.stringContaining('is no variable; write its name')]);
  expect(why('X=1\u001b[2J')).toEqual([expect.stringContaining('has a control character')]);
  expect(why('X=1', 'X=2')).toEqual([expect.stringContaining('"X" is set twice')]);
  for (const bad of ['{"X":"1"}', '[]', 'X=1'])
    expect(problemsOf({ AGENT_ENVIRONMENT: bad }), bad).toHaveLength(1);
});

test('a knob that the vitest configuration sets counts where neither the environment nor the file sets it', () => {
  const byCode = { folder: '/srv', all: { AGENT_OPTIONS: ['--landlock'] } };
  const set = readSettings({}, undefined, byCode);
  expect([set.AGENT_OPTIONS, set.setBy]).toEqual([
    ['--landlock'],
    { AGENT_OPTIONS: 'defineCanary' },
  ]);
  const typed = readSettings({ AGENT_OPTIONS: '["--seccomp"]' }, undefined, byCode);
  expect(typed.AGENT_OPTIONS).toEqual(['--seccomp']);
  expect(() =>
    readSettings({}, undefined, { folder: '/', all: { AGENT_OPTIONS: ['--audit'] } }),
  ).toThrow('defineCanary: AGENT_OPTIONS=');
});

test('a unit of the operator is a service by its whole name, and its health command belongs to it', () => {
  const health = { WORKLOAD_HEALTH_COMMAND: '["/usr/bin/true"]' };
  const unit = readSettings({ WORKLOAD_UNIT: 'db@main.service', ...health }).WORKLOAD_UNIT;
  expect(unit).toBe('db@main.service');
  expect(problemsOf(health)).toEqual([
    expect.stringContaining('it belongs to WORKLOAD_UNIT, which is not set'),
  ]);
  for (const bad of [
    'postgresql',
    '--user',
    'a b.service',
    '../x.service',
    '--x.service',
    'x.timer',
  ])
    expect(problemsOf({ WORKLOAD_UNIT: bad }), bad).toHaveLength(1);
});

test('a SIGKILL run refuses the work that counts denials in a process of its own', () => {
  const kill = { ENFORCE_SIGNAL: 'kill', ALLOW_SIGKILL_CANARY: '1' };
  expect(problemsOf({ ...kill, SOAK_NET_WORKLOAD: '1', SOAK_OPERATIONS: 'exec' })).toEqual([
    expect.stringMatching(/^SOAK_NET_WORKLOAD=1, SOAK_OPERATIONS=exec with ENFORCE_SIGNAL=kill/),
  ]);
});

test('a minimum of decisions that no run could reach is refused', () => {
  expect(problemsOf({ SOAK_RATE: '1', DURATION_SECONDS: '99' })).toHaveLength(1);
  expect(problemsOf({ SOAK_RATE: '1', DURATION_SECONDS: '100' })).toEqual([]);
});

test.each(['1e3', '0x10', ' 5', '5 ', '+5', 'NaN', 'Infinity', '1_000', '٣', '1.5'])(
  'DURATION_SECONDS=%j is not a whole number',
  (value) => {
    expect(problemsOf({ DURATION_SECONDS: value })).toHaveLength(1);
  },
);

test('all asks for every phase, a phase only for itself', () => {
  expect(askedPhases(readSettings({}))).toEqual([
    'audit',
    'enforce',
    'coverage',
    'cost',
    'rollback',
  ]);
  expect(askedPhases(readSettings({ PHASE: 'rollback' }))).toEqual(['rollback']);
});

test('any environment gives frozen settings with finite limits, or a SettingsError', () => {
  const numeric = fc.oneof(fc.integer().map(String), fc.double().map(String));
  const value = fc.option(fc.oneof(anyText(), numeric), { nil: undefined });
  const environment = fc.dictionary(fc.constantFrom(...knobNames), value, { maxKeys: 4 });
  fc.assert(
    fc.property(environment, (knobs) => {
      let settings: ReturnType<typeof readSettings>;
      try {
        settings = readSettings(knobs);
      } catch (error) {
        expect(error).toBeInstanceOf(SettingsError);
        return;
      }
      expect(Object.isFrozen(settings)).toBe(true);
      for (const read of Object.values(settings)) {
        if (typeof read === 'number') expect(Number.isFinite(read) && read >= 0).toBe(true);
      }
    }),
    propertyRuns(),
  );
});
