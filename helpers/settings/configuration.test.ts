import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { anyText, propertyRuns } from '../../fixtures/examples/property-tools.ts';
import { knobNames, knobsOf, readSettings, SettingsError, withConfiguration } from './settings.ts';

let folder: ReturnType<typeof dirSync>;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
});
afterEach(() => folder.removeCallback());

const write = (text: string, name = 'canary.config.yaml') => {
  const path = join(folder.name, name);
  writeFileSync(path, text);
  return path;
};

function problemsOf(environment: NodeJS.ProcessEnv = {}): readonly string[] {
  try {
    readSettings(environment, folder.name);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

const TWO_CLASSES = `SOAK_RATE: 200
WORKERS: 2
MAX_CPU_PCT: 40
profiles:
  db-hosts:
    MAX_CPU_PCT: 80
    WORKERS:
  web-hosts: {MAX_CPU_PCT: 20}
`;

test('the environment stands before the chosen profile, that before all hosts, and each value tells where it was set', () => {
  const path = write(TWO_CLASSES);
  const settings = readSettings({ SOAK_RATE: '300', PROFILE: 'db-hosts' }, folder.name);
  expect(settings).toMatchObject({ SOAK_RATE: 300, MAX_CPU_PCT: 80, WORKERS: 4 });
  expect(settings.setBy).toEqual({
    PROFILE: 'environment',
    SOAK_RATE: 'environment',
    MAX_CPU_PCT: 'canary.config.yaml:6:18 (profile db-hosts)',
  });
  expect(settings.configuration).toEqual({ path, text: TWO_CLASSES, profile: 'db-hosts' });
  expect(readSettings({}, folder.name)).toMatchObject({ MAX_CPU_PCT: 40, WORKERS: 2 });
  expect(knobsOf(settings)).not.toHaveProperty('configuration');
});

test('without a file, with an empty one and with `none` the settings are those of the environment', () => {
  const alone = readSettings({ WORKERS: '3' });
  expect(readSettings({ WORKERS: '3' }, folder.name)).toEqual(alone);
  write('# nothing yet\n');
  expect(knobsOf(readSettings({ WORKERS: '3' }, folder.name))).toEqual(knobsOf(alone));
  write('profiles:\n  db-hosts:\n');
  expect(problemsOf({ PROFILE: 'db-hosts' })).toEqual([]);
  write('nonsense');
  expect(readSettings({ CANARY_CONFIG: 'none' }, folder.name).WORKERS).toBe(4);
});

test('profiles of code are those of the file: a class stands before all hosts, and of one place the file before code', () => {
  write(TWO_CLASSES);
  const code = {
    folder: folder.name,
    all: { WORKERS: 3, SETTLE_SECONDS: 1, SOAK_RATE: 999 },
    profiles: {
      'db-hosts': {
        SETTLE_SECONDS: '2',
        SOAK_RATE: 400,
        MAX_CPU_PCT: 99,
        SOAK_NET_WORKLOAD: false,
      },
      'mail-hosts': { PROBE_DIR: 'probes', SOAK_OPERATIONS: ['exec'] },
    },
  };
  const db = readSettings({ PROFILE: 'db-hosts' }, folder.name, code);
  expect(db).toMatchObject({ SETTLE_SECONDS: 2, SOAK_RATE: 400, MAX_CPU_PCT: 80, WORKERS: 4 });
  expect(db.SOAK_NET_WORKLOAD).toBe(false);
  expect(db.setBy).toMatchObject({
    SETTLE_SECONDS: 'defineCanary (profile db-hosts)',
    MAX_CPU_PCT: 'canary.config.yaml:6:18 (profile db-hosts)',
  });
  const mail = readSettings({ PROFILE: 'mail-hosts' }, folder.name, code);
  expect(mail).toMatchObject({ PROBE_DIR: join(folder.name, 'probes'), SOAK_RATE: 200 });
  expect(mail).toMatchObject({ SOAK_OPERATIONS: ['exec'], SETTLE_SECONDS: 1, WORKERS: 2 });
});

test('every mistake in what code says of knobs is told, in profiles of other hosts too', () => {
  const refused = (profiles: object, environment = {}) => {
    try {
      readSettings(environment, undefined, { folder: '/', profiles: { ...profiles } });
    } catch (error) {
      if (error instanceof SettingsError) return error.problems;
    }
    return [];
  };
  const wrong = { 'db-hosts': { WORKER: 1, WORKERS: 65, DISPOSABLE_HOST: true, AEGIS_BIN: ['x'] } };
  expect(refused(wrong, { PROFILE: 'db-host' })).toEqual([
    'PROFILE="db-host": defineCanary has no such profile; did you mean db-hosts?',
    'defineCanary: WORKER: there is no such knob; did you mean WORKERS?',
    'defineCanary: WORKERS="65": expected a whole number of worker processes from 1 to 64',
    expect.stringMatching(/^defineCanary: DISPOSABLE_HOST: .*the environment alone$/),
    'defineCanary: AEGIS_BIN="x": expected one value, and no list',
  ]);
  expect(refused({ 'db-hosts': { WORKERS: null } })).toEqual([
    expect.stringMatching(/^defineCanary: profiles.db-hosts.WORKERS: expected knobs by their/),
  ]);
});

test('a value means what it would in the environment: its text, lists, switches, and paths from the folder of the file', () => {
  mkdirSync(join(folder.name, 'lists'));
  write('', 'lists/known.yaml');
  const path = write(
    `CHANGE_TICKET: 0012
SOAK_NET_WORKLOAD: false
HEADROOM: true
SOAK_OPERATIONS: [exec, symlink]
WORKLOAD_COMMAND: [/usr/bin/nice, -n, 10]
COMPARE_WITH: [one, ../two]
OUT_DIR: evidence
`,
    'lists/canary.yaml',
  );
  expect(readSettings({ CANARY_CONFIG: path })).toMatchObject({
    CHANGE_TICKET: '0012',
    SOAK_NET_WORKLOAD: false,
    HEADROOM: true,
    SOAK_OPERATIONS: ['symlink', 'exec'],
    WORKLOAD_COMMAND: ['/usr/bin/nice', '-n', '10'],
    COMPARE_WITH: [join(folder.name, 'lists/one'), join(folder.name, 'two')],
    OUT_DIR: join(folder.name, 'lists/evidence'),
  });
});

test('every mistake of the file is told with its line, in profiles of other hosts too, beside those of the environment', () => {
  write(`DURATON_SECONDS: 10
WORKERS: 65
SIGNING_KEY: none-such.pem
DISPOSABLE_HOST: 1
AEGIS_BIN: [one, two]
max_cpu_pct: 3
nonsense: 1
profiles:
  db-hosts:
    PHASE: audits
`);
  expect(problemsOf({ SETTLE_SECONDS: 'x', WORKERS: '3', PROFILE: 'db-host' })).toEqual([
    'PROFILE="db-host": canary.config.yaml has no such profile; did you mean db-hosts?',
    'canary.config.yaml:1:18: DURATON_SECONDS: there is no such knob; did you mean DURATION_SECONDS?',
    'canary.config.yaml:2:10: WORKERS="65": expected a whole number of worker processes from 1 to 64',
    expect.stringMatching(/^canary.config.yaml:4:18: DISPOSABLE_HOST: .*the environment alone$/),
    expect.stringMatching(/^canary.config.yaml:5:12: AEGIS_BIN=.*: expected one value, and no/),
    'canary.config.yaml:6:14: max_cpu_pct: there is no such knob; did you mean MAX_CPU_PCT?',
    'canary.config.yaml:7:11: nonsense: there is no such knob; docs/knobs.md lists them all',
    expect.stringMatching(/^canary.config.yaml:10:12: PHASE="audits": expected all, precon/),
    'SETTLE_SECONDS="x": expected a whole number of seconds from 0 to 600',
    expect.stringMatching(/^canary.config.yaml:3:14: SIGNING_KEY=".*none-such.pem": cannot sign/),
  ]);
});

test.each([
  ['WORKERS: 1\nWORKERS: 2\n', /^canary.config.yaml:2:1: Map keys must be unique/],
  ['- WORKERS\n', /^canary.config.yaml:1:1: the file: expected/],
  ['profiles: [db-hosts]\n', /^canary.config.yaml:1:11: profiles: expected profiles by their n/],
  ['WORKERS: {a: 1}\n', /^canary.config.yaml:1:10: WORKERS: expected a value, or a list/],
  ['WORKERS: [\n', /^canary.config.yaml:\d:\d: /],
])('%j is refused with its place', (text, says) => {
  write(text);
  expect(problemsOf()).toEqual([expect.stringMatching(says)]);
});

test('a profile without a file, a file that is not there and one that is called otherwise are refused', () => {
  expect(problemsOf({ PROFILE: 'db-hosts' })).toEqual([
    expect.stringMatching(/^PROFILE="db-hosts": there is no canary.config.yaml here/),
  ]);
  expect(problemsOf({ CANARY_CONFIG: join(folder.name, 'none') })).toEqual([
    expect.stringMatching(/none: it cannot be used: ENOENT/),
  ]);
  write('', 'canary.config.yml');
  expect(problemsOf()).toEqual([
    expect.stringMatching(/^canary.config.yml: the configuration file is called canary.config.y/),
  ]);
});

test('a file that somebody else can write or replace is refused, and is never left out instead', () => {
  const path = write('WORKERS: 2\n');
  chmodSync(path, 0o666);
  expect(problemsOf()).toEqual([
    'canary.config.yaml: it cannot be used: it is writable by all; `chmod o-w` it',
  ]);
  chmodSync(path, 0o644);
  chownSync(path, 12345, 0);
  expect(problemsOf()).toEqual([
    expect.stringMatching(/it cannot be used: somebody else can replace it: .* user 12345$/),
  ]);
  chownSync(path, 0, 0);
  chmodSync(folder.name, 0o777);
  expect(problemsOf()).toEqual([expect.stringMatching(/somebody else can replace it: .*by all$/)]);
});

test('a host without the file gets its values by the environment', () => {
  write(TWO_CLASSES);
  const carried = withConfiguration({ PROFILE: 'web-hosts', WORKERS: '7' }, folder.name);
  expect(carried).toMatchObject({ SOAK_RATE: '200', MAX_CPU_PCT: '20', WORKERS: '7' });
  expect(readSettings(carried, folder.name).MAX_CPU_PCT).toBe(20);
});

test('any file gives settings, or problems that each say where', () => {
  const key = fc.oneof(fc.constantFrom(...knobNames), anyText());
  const entries = fc.dictionary(key, fc.jsonValue(), { maxKeys: 4 });
  const all = fc.record({ entries, profiles: fc.dictionary(anyText(), entries, { maxKeys: 2 }) });
  const file = all.map(({ entries, profiles }) => stringify({ ...entries, profiles }));
  const environment = { CANARY_CONFIG: join(folder.name, 'canary.config.yaml'), PROFILE: '' };
  fc.assert(
    fc.property(fc.oneof(anyText(), file), (text) => {
      write(text);
      try {
        readSettings(environment);
      } catch (error) {
        expect(error).toBeInstanceOf(SettingsError);
        for (const problem of (error as SettingsError).problems)
          expect(problem).toContain('canary.config.yaml:');
      }
    }),
    // A file of this machine each.
    { numRuns: Math.ceil(propertyRuns().numRuns / 10) },
  );
});
