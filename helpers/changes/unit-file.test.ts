import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unitLimits } from './unit-file.ts';

const SHIPPED = `[Unit]
Description=x
# CapabilityBoundingSet=CAP_NOT_THIS
[Service]
Type=simple
EnvironmentFile=-/etc/default/aegisbpf
ExecStartPre=/bin/sh -c 'exit 0'
ExecStart=/usr/bin/aegisbpf run \${AEGIS_MODE} \\
; a comment in between
    PrivateTmp=false
ExecPaths=/usr
Restart=on-failure
RestartSec=5
TimeoutStopSec=3
StandardOutput=journal
KillMode=mixed
Slice=security.slice
LimitMEMLOCK = infinity
ReadWritePaths=/sys/fs/bpf \\
  /sys/fs/cgroup
StateDirectory=aegisbpf aegisbpf/rules:aegis
RuntimeDirectory=aegis
CapabilityBoundingSet=
CapabilityBoundingSet=CAP_BPF
[Install]
WantedBy=multi-user.target
# /etc/systemd/system/aegisbpf.service.d/more.conf
[Service]
ProtectSystem=strict
`;

test('the limits of a unit are the settings of its service, in their order, but for what is run, when and where its output goes', () => {
  expect(unitLimits(SHIPPED)).toEqual({
    properties: [
      'ExecPaths=/usr',
      'LimitMEMLOCK=infinity',
      'ReadWritePaths=/sys/fs/bpf    /sys/fs/cgroup',
      'CapabilityBoundingSet=',
      'CapabilityBoundingSet=CAP_BPF',
      'ProtectSystem=strict',
      'ReadWritePaths=/var/lib/aegisbpf',
      'ReadWritePaths=/var/lib/aegisbpf/rules',
      'ReadWritePaths=/run/aegis',
    ],
    directories: ['/var/lib/aegisbpf', '/var/lib/aegisbpf/rules', '/run/aegis'],
  });
});

test('whatever a file says, a limit is a setting of its service and never what is run', () => {
  const word = fc.constantFrom(
    '[Service]',
    '[Unit]',
    'ExecStart=x',
    'PrivateTmp=yes',
    '\\',
    '#',
    '',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 12 }), (lines) => {
      for (const property of unitLimits(lines.join('\n')).properties)
        expect(property).toMatch(/^(?!Exec(Start|Stop|Reload|Condition))[^\n=]+=[^\n]*$/);
    }),
  );
});
