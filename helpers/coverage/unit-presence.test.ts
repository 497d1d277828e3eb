import { expect, test } from 'vitest';
import { unitSettings } from '../changes/unit-file.ts';
import { unitPresence } from './unit-presence.ts';

const UNIT = `[Unit]
ConditionPathExists=/sys/fs/bpf
[Service]
ExecStart=/usr/bin/aegisbpf run
[Install]
WantedBy=multi-user.target
`;
const of = (from = '', to = '') =>
  unitPresence(unitSettings(UNIT.replace(from, to)), (path) => path.startsWith('/sys/'));

test('a unit that a boot starts, and that nothing ends, is without defect', () => {
  expect(of()).toEqual({ found: [], unknown: [], told: [] });
});

test.each([
  ['WantedBy=multi-user.target', '', 'unit-not-at-boot', /no WantedBy=, RequiredBy=, UpheldBy= in/],
  ['[Install]\nWantedBy=multi-user.target\n', '', 'unit-not-at-boot', /behind a reboot no agent/],
  ['WantedBy=multi-user.target', 'Alias=agent.service', 'unit-not-at-boot', /in \[Install\]/],
  ['[Install]', 'RuntimeMaxSec=1d\n[Install]', 'unit-ends-agent', /^by RuntimeMaxSec=1d systemd/],
  ['/sys/fs/bpf', '/etc/none', 'unit-does-not-start', /^ConditionPathExists=\/etc\/none does not/],
  ['[Service]', 'AssertPathIsDirectory=/x\n[Service]', 'unit-does-not-start', /^AssertPathIsD/],
])('with %j as %j it has the defect %s', (from, to, defect, says) => {
  expect(of(from, to).found).toMatchObject([{ defect, detail: expect.stringMatching(says) }]);
});

test.each([
  ['RuntimeMaxSec=infinity\n[Install]'],
  ['RuntimeMaxSec=1d\nRuntimeMaxSec=\n[Install]'],
  ['[Install]\nRequiredBy=x.target'],
])('%j is no defect', (to) => {
  expect(of('[Install]', to)).toEqual({ found: [], unknown: [], told: [] });
});

test.each([
  [
    'ExecStopPost=/bin/rm -rf /sys/fs/bpf/aegisbpf',
    /^by ExecStopPost= systemd runs `\/bin\/rm -rf/,
  ],
  ['ExecStop=/usr/bin/aegisbpf emergency-disable', /^by ExecStop= systemd runs `.*-disable`/],
  ['RuntimeMaxSec=a day', /^RuntimeMaxSec=a day cannot be read$/],
])('%s leaves it unknown', (line, says) => {
  const { found, unknown } = of('[Install]', `${line}\n[Install]`);
  expect(found).toEqual([]);
  expect(unknown).toEqual([expect.stringMatching(says)]);
});

test('a condition that is none on a path is told', () => {
  const told = ['ConditionKernelVersion=>=6.1', 'ConditionPathExists=!/etc/none'];
  expect(of('[Service]', `${told.join('\n')}\n[Service]`)).toEqual({
    ...{ found: [], unknown: [] },
    told: told.map((one) => `it starts the agent only where ${one} holds`),
  });
});
