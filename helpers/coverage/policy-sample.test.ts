import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import { evenly, sampleOf } from './policy-sample.ts';

const udp = (address: string, port = 9) => ({ kind: 'connect', protocol: 'udp', address, port });
const tcp = (address: string, port: number) => ({ ...udp(address, port), protocol: 'tcp' });

/** What is said of one rule of a section. */
function plan(section: string, rule: string) {
  const { tried, notTried } = sampleOf(`version=6\n\n[${section}]\n${rule}\n`);
  return tried[0]?.attempt ?? notTried[0]?.reason;
}

test.each([
  ['deny_ip', '192.0.2.7', udp('192.0.2.7')],
  ['deny_ip', '2001:db8::7', udp('2001:db8::7')],
  ['deny_ip', 'example.org', 'no address that we can read'],
  ['deny_cidr', '198.51.100.0/24', udp('198.51.100.0')],
  ['deny_ip_port', '192.0.2.7:53', udp('192.0.2.7', 53)],
  ['deny_ip_port', '[2001:db8::7]:53:udp', udp('2001:db8::7', 53)],
  ['deny_ip_port', '192.0.2.7:443:tcp', 'a TCP connect would leave the host'],
  ['deny_ip_port', '127.0.0.7:443:tcp', tcp('127.0.0.7', 443)],
  ['deny_port', '53', udp('127.0.0.1', 53)],
  ['deny_port', '443:tcp:egress', tcp('127.0.0.1', 443)],
  ['deny_port', '443:any:bind', 'a bind could take the port from a service'],
  ['deny_comm', 'xmrig', 'no program of the host is started'],
  ['cgroup_deny_ip', '/sys/fs/cgroup/x 192.0.2.7', 'no process of ours is in that cgroup'],
  ['deny_ptrace', '', 'it cannot be tried without an effect on the host'],
  ['allow_binary_hash', 'sha256:0', 'it cannot be tried without an effect on the host'],
  ['allow_cgroup', '/sys/fs/cgroup/x', undefined],
])('of [%s] %s it is known how it is tried, or why not', (section, rule, expected) => {
  expect(plan(section, rule)).toEqual(expected);
});

test('only a regular file that is there is opened', () => {
  const folder = dirSync({ unsafeCleanup: true });
  const at = (name: string) => join(folder.name, name);
  writeFileSync(at('file'), '');
  mkdirSync(at('folder'));
  symlinkSync('file', at('link'));
  execFileSync('mkfifo', [at('fifo')]);
  expect(plan('deny_path', at('file'))).toEqual({ kind: 'file', path: at('file') });
  expect(plan('deny_path', at('folder'))).toBe('no regular file');
  expect(plan('deny_path', at('fifo'))).toBe('no regular file');
  expect(plan('deny_path', at('link'))).toBe('a symbolic link');
  expect(plan('deny_path', at('none'))).toBe('not there');
  expect(plan('deny_path', '/dev/null')).toBe('no regular file');
  expect(plan('deny_path', '/proc/self/status')).toMatch('on a filesystem where');
  folder.removeCallback();
});

test('of many rules the first, the last and some between are tried, and comments are none', () => {
  const rules = Array.from({ length: 101 }, (_, index) => `192.0.2.${index}`);
  const { tried, notTried } = sampleOf(`# [deny_comm]\n[deny_ip]\n# first\n${rules.join('\n')}`);
  expect(tried.map(({ rule }) => rule)).toEqual(
    [0, 25, 50, 75, 100].map((last) => `192.0.2.${last}`),
  );
  expect(notTried).toEqual([{ section: 'deny_ip', reason: 'beside the sample', rules: 96 }]);
  expect(evenly(['a', 'b'], 5)).toEqual(['a', 'b']);
});

test('a section whose brackets hold blanks is read as the agent reads it', () => {
  const { tried } = sampleOf('version=1\n[ deny_ip ]\n192.0.2.7\n[\tdeny_port]\n53\n');
  expect(tried.map(({ section, rule }) => `${section} ${rule}`)).toEqual([
    'deny_ip 192.0.2.7',
    'deny_port 53',
  ]);
});
