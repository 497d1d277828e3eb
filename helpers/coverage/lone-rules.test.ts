import { expect, test } from 'vitest';
import { isOfFile, loneRules } from './lone-rules.ts';
import type { MadeSite } from './make-site.ts';

const network = (address: string) => ({
  ...{ address, next: address, free: address, pair: address, scoped: address },
  range: { network: `${address}/30`, first: '', last: '', before: '', after: '' },
  ...{ pairPort: 1, pairTcpPort: 2, bindPort: 3, bothPort: 4, tcpPort: 5, udpPort: 6 },
  ...{ scopedPort: 7, udpBothPort: 8, scopedBothPort: 9, scopedUdpPort: 10, scopedUdpBothPort: 11 },
});
const file = (path: string) => ({ path, dev: '8', ino: '9' });

function made(cgroup: string | undefined): MadeSite {
  const cgroups =
    cgroup === undefined
      ? undefined
      : { allowed: cgroup, child: cgroup, sibling: cgroup, ruled: cgroup };
  return {
    denied: [file('/secret')],
    byNumber: file('/by-number'),
    guarded: file('/guarded'),
    scoped: file('/scoped'),
    site: { ipv4: network('127.0.0.1'), ipv6: network('fd77::1'), cgroups },
  } as unknown as MadeSite;
}

test('every table that may be the only one with rules has one, those on files last', () => {
  const rules = loneRules(made('/sys/fs/cgroup/ours'));
  expect(rules.map(({ section, kind }) => `${section} ${kind}`)).toEqual([
    ...['deny_ip network', 'deny_ip network-ipv6', 'deny_cidr network', 'deny_cidr network-ipv6'],
    ...['deny_port network', 'deny_ip_port network'],
    ...['cgroup_deny_inode ruled', 'cgroup_deny_ip ruled', 'cgroup_deny_port ruled'],
    ...['deny_ip_port network-ipv6', 'deny_path root', 'deny_inode root', 'protect_path root'],
  ]);
  expect(rules.filter(isOfFile)).toEqual(rules.slice(-3));
});

test('each is known by the text by which the lists of the agent show it', () => {
  const listed = loneRules(made('/proc')).flatMap(({ byCommand: by }) => by?.listed ?? []);
  expect(listed).toEqual([
    ...['127.0.0.1', '127.0.0.1/30', '5 (tcp, egress)', '127.0.0.1:1'],
    ...[/^cgid:\d+ 8:9$/, /^cgid:\d+ 127\.0\.0\.1$/, /^cgid:\d+ 7 \(any, egress\)$/].map((text) =>
      expect.stringMatching(text),
    ),
    '/secret',
  ]);
});

test('the commands of a section are tried once, whatever the family', () => {
  const byCommand = loneRules(made(undefined)).filter((one) => one.byCommand !== undefined);
  expect(byCommand.map(({ byCommand: by }) => by?.command.join(' '))).toEqual([
    ...['network deny', 'network deny', 'network deny', 'network deny', 'block'],
  ]);
});
