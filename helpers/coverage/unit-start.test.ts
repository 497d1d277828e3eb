import { expect, test } from 'vitest';
import { unitVariables } from '../changes/unit-command.ts';
import { unitSettings } from '../changes/unit-file.ts';
import { unitStart } from './unit-start.ts';

const UNIT = `[Unit]
StartLimitIntervalSec=300
StartLimitBurst=5
[Service]
EnvironmentFile=-/etc/default/aegisbpf
ExecStartPre=/bin/sh -c '/usr/bin/aegisbpf policy apply "\${AEGIS_POLICY}" --require-signature $(: \${AEGIS_REQUIRE_SIGNATURE})'
ExecStart=/usr/bin/aegisbpf run \${AEGIS_MODE} \${AEGIS_LOG}
Restart=on-failure
RestartSec=5
[Install]
WantedBy=multi-user.target
`;
const VARIABLES = 'AEGIS_MODE=--enforce\nAEGIS_LOG=--log=stdout\nAEGIS_POLICY=/etc/policy\n';

/** Every end that nobody asked for. */
const FORCED = 'RestartForceExitStatus=1 KILL SIGABRT SIGBUS SIGFPE SIGILL SIGSEGV SIGSYS';

function judged(unit: string, variables: string | undefined = VARIABLES, asked: string[] = []) {
  const settings = unitSettings(unit);
  const service = settings.filter(({ section }) => section === 'Service');
  const read = () => (variables === '' ? { why: 'no file' } : { text: variables });
  return unitStart(
    settings,
    unitVariables(service, read),
    { programs: ['aegisbpf'], asked },
    5000,
    (path) => path.startsWith('/sys/'),
  );
}
const changed = (from: string, to: string) => UNIT.replace(from, to);
const defects = (...of: Parameters<typeof judged>) => judged(...of).found.map((one) => one.defect);

test('a unit as the package has it is without defect', () => {
  expect(judged(UNIT)).toEqual({
    ...{ options: ['--enforce', '--log=stdout'], found: [], unknown: [], told: [] },
    ...{ restart: 'on-failure', restartMs: 5000, longestMs: 5000, starts: 5, startsMs: 300_000 },
  });
});

test.each([
  ['AEGIS_MODE=--audit in its file', UNIT, VARIABLES.replace('--enforce', '--audit')],
  ['--audit behind the mode', changed(`\${AEGIS_LOG}`, '--audit'), VARIABLES],
  ['--mode=audit', changed(`\${AEGIS_MODE}`, '--mode=audit'), VARIABLES],
])('it audits by %s', (_, unit, variables) => {
  expect(defects(unit, variables)).toEqual(['unit-audits']);
});

test('the last word on the mode counts', () => {
  expect(defects(changed('run ', 'run --audit '))).toEqual([]);
});

test.each([
  ['--enforce-gate-mode=audit-fallback', ''],
  ['--enforce-gate-mode audit', ''],
  ['--allow-unsigned-bpf', ''],
  ['--allow-unknown-binary-identity', ''],
  ['', 'AEGIS_ENFORCE_GATE_MODE=audit-fallback\n'],
  ['', 'AEGIS_ALLOW_UNSIGNED_BPF=1\n'],
])('a gate is off by %s%s', (option, variable) => {
  expect(defects(changed('run ', `run ${option} `), VARIABLES + variable)).toEqual([
    'unit-opens-gate',
  ]);
});

test('a gate that an option closes, and one that AGENT_OPTIONS opens too, is no defect', () => {
  const closed = changed('run ', 'run --enforce-gate-mode=fail-closed ');
  expect(defects(closed, `${VARIABLES}AEGIS_ENFORCE_GATE_MODE=audit\n`)).toEqual([]);
  const open = '--allow-unknown-binary-identity';
  expect(defects(changed('run ', `run ${open} `), VARIABLES, [open])).toEqual([]);
});

test.each([
  ['the command is gone', changed(/^ExecStartPre=.*\n/m.exec(UNIT)?.[0] ?? '', '')],
  ['a later line takes it away', changed('ExecStart=', 'ExecStartPre=\nExecStart=')],
  ['its failure counts as success', changed('ExecStartPre=', 'ExecStartPre=-')],
])('there is no policy where %s', (_, unit) => {
  expect(defects(unit)).toEqual(['unit-without-policy']);
});

test.each([
  ['its file of variables asks for none', UNIT, `${VARIABLES}AEGIS_REQUIRE_SIGNATURE=0\n`],
  ['its `policy apply` has lost the word', changed(' --require-signature', ''), VARIABLES],
])('a policy is applied unsigned where %s', (_, unit, variables) => {
  expect(defects(unit, variables)).toEqual(['unit-takes-unsigned']);
});

test.each([
  ['a signature is asked for', 'AEGIS_REQUIRE_SIGNATURE=1\n', ''],
  [
    'one policy alone is taken, by its hash',
    'AEGIS_REQUIRE_SIGNATURE=0\nAEGIS_POLICY_SHA256=ab\n',
    ` --sha256 \${AEGIS_POLICY_SHA256}`,
  ],
])('it is not where %s', (_, variables, more) => {
  const unit = changed(`--require-signature`, `--require-signature${more}`);
  expect(defects(unit, VARIABLES + variables)).toEqual([]);
});

test('whether a signature is asked for is not known where nobody has the file of its variables', () => {
  const unit = changed(`run \${AEGIS_MODE} \${AEGIS_LOG}`, 'run --enforce');
  expect(judged(unit, '')).toMatchObject({
    ...{ found: [], unknown: ['$AEGIS_REQUIRE_SIGNATURE is not known: no file'] },
  });
});

test.each([
  ['it has no Restart=', 'Restart=on-failure\n', ''],
  ['Restart=no', 'on-failure', 'no'],
  ['Restart=on-success', 'on-failure', 'on-success'],
  ['RestartSec=300', 'RestartSec=5', 'RestartSec=300'],
  ['StartLimitBurst=1', 'Burst=5', 'Burst=1'],
  ['a death counts as success', 'ExecStart=', 'ExecStart=-'],
  ['that of a kill counts as success', 'Sec=5\n', 'Sec=5\nSuccessExitStatus=TEMPFAIL KILL\n'],
  ['that of a failure does', 'Sec=5\n', 'Sec=5\nSuccessExitStatus=1\n'],
  ['a kill is an exception', 'Sec=5\n', 'Sec=5\nRestartPreventExitStatus=9 SIGKILL\n'],
  ['it is one to Restart=always, too', 'on-failure', 'always\nRestartPreventExitStatus=SIGSEGV'],
  ['a failure starts nothing', 'on-failure', 'on-abnormal'],
  ['the pause grows', 'Sec=5\n', 'Sec=5\nRestartSteps=3\nRestartMaxDelaySec=5min\n'],
])('a killed agent stays down where %s', (_, from, to) => {
  expect(defects(changed(from, to))).toEqual(['unit-stays-down']);
});

test.each([
  [
    'there is no limit on starts',
    'IntervalSec=300\nStartLimitBurst=5',
    'IntervalSec=0\nStartLimitBurst=1',
  ],
  ['it says nothing of starts and waits', 'RestartSec=5\n', ''],
  ['it starts again always, whatever the end', 'Restart=on-failure', 'Restart=always'],
  ['what is success is none of an agent', 'Sec=5\n', 'Sec=5\nSuccessExitStatus=143 SIGUSR1\n'],
  [
    'a later line takes the list away',
    'Sec=5\n',
    'Sec=5\nSuccessExitStatus=1\nSuccessExitStatus=\n',
  ],
  ['each end is one to start again', 'on-failure', `no\n${FORCED}`],
  ['the pause grows by no step', 'Sec=5\n', 'Sec=5\nRestartMaxDelaySec=5min\n'],
  ['the pause grows to no end that counts', 'Sec=5\n', 'Sec=5\nRestartSteps=3\n'],
])('it comes back where %s', (_, from, to) => {
  expect(defects(changed(from, to))).toEqual([]);
});

test.each([
  [
    'nobody has the file of its variables',
    UNIT,
    '',
    /^\$AEGIS_MODE is not known: no file; \$AEGIS_LOG/,
  ],
  [
    'a shell starts the agent',
    changed('/usr/bin/aegisbpf run', '/bin/sh -c aegisbpf\\ run'),
    VARIABLES,
    /^ExecStart= starts \/bin\/sh, and which words/,
  ],
  [
    'the agent is told another command',
    changed('aegisbpf run', 'aegisbpf health'),
    VARIABLES,
    /^ExecStart= starts `aegisbpf health`, not/,
  ],
  [
    'it starts nothing',
    changed(/^ExecStart=.*\n/m.exec(UNIT)?.[0] ?? '', ''),
    VARIABLES,
    /^it has no ExecStart=$/,
  ],
  [
    'a span cannot be read',
    changed('RestartSec=5', 'RestartSec=5 fortnights'),
    VARIABLES,
    /^RestartSec=5 fortnights cannot be read$/,
  ],
  [
    'systemd knows no such rule',
    changed('on-failure', 'sometimes'),
    VARIABLES,
    /^Restart=sometimes cannot be read$/,
  ],
])('nobody knows where %s', (_, unit, variables, says) => {
  const { found, unknown } = judged(unit, variables);
  expect(found).toEqual([]);
  expect(unknown.join('; ')).toMatch(says);
});

test('a policy that is named by an empty variable is told', () => {
  expect(judged(UNIT, VARIABLES.replace('/etc/policy', '')).told).toEqual([
    'AEGIS_POLICY is empty, so nothing is applied before a start',
  ]);
});

test.each(['Type=notify', 'Type=forking', 'WatchdogSec=30'])(
  'whether an agent does what systemd waits for by %s is not known',
  (setting) => {
    const [unknown] = judged(changed('Restart=', `${setting}\nRestart=`)).unknown;
    expect(unknown).toMatch(new RegExp(`^by ${setting} systemd .* no text tells`));
  },
);

test.each(['Type=simple', 'Type=exec', 'WatchdogSec=0'])(
  '%s asks nothing of an agent',
  (setting) => {
    expect(judged(changed('Restart=', `${setting}\nRestart=`)).unknown).toEqual([]);
  },
);
