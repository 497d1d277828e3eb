import { expect, test } from 'vitest';
import { isOwed, lostRules, lostText, networkStats } from './exported-policy.ts';

const IN_FORCE = {
  deny_path: ['/secret', '/a link', '/My App/x'],
  deny_inode: ['1:5'],
  allow_cgroup: ['/cgroup/one'],
  deny_ip: ['192.0.2.1', '2001:db8::1'],
};
const NUMBERS: Readonly<Record<string, string>> = {
  ...{ '/secret': '1:2', '/a link': '1:2', '/My App/x': '1:3', '/by-number': '1:5' },
};
const map = (sections: Readonly<Record<string, readonly string[]>>) =>
  new Map(Object.entries(sections));
const lost = (exported: Readonly<Record<string, readonly string[]>>) =>
  lostRules(map(IN_FORCE), map(exported), {
    ofFile: (path) => NUMBERS[path],
    ofCgroup: () => '77',
  });

test('nothing is lost where each rule is there, by whatever name of its file or cgroup', () => {
  expect(lost(IN_FORCE)).toEqual([]);
  expect(
    lost({
      ...{ deny_path: ['/secret', '/My App/x', '/by-number'], allow_cgroup: ['/agent', 'cgid:77'] },
      deny_ip: ['192.0.2.1', '2001:0db8::0001', '192.0.2.9'],
    }),
  ).toEqual([]);
  expect(lost({ ...IN_FORCE, deny_path: ['/secret'], deny_inode: ['1:5', '1:3'] })).toEqual([]);
});

test('a name that is cut names another file or none, and its rule is lost', () => {
  expect(lost({ ...IN_FORCE, deny_path: ['/secret', '/a', '/My'] })).toEqual([
    { section: 'deny_path', rule: '/My App/x' },
  ]);
});

test('what is lost is told by sections, and what an export has always had is owed', () => {
  const all = lost({ deny_path: ['/secret'], deny_ip: ['192.0.2.1'] });
  expect(lostText(all)).toBe(
    '1 of [deny_path] (/My App/x), 1 of [deny_inode] (1:5), 1 of [allow_cgroup] (/cgroup/one), 1 of [deny_ip] (2001:db8::1)',
  );
  expect(all.filter(isOwed).map(({ section }) => section)).toEqual(['deny_inode', 'allow_cgroup']);
  expect(lostText(lost({ ...IN_FORCE, deny_ip: [] }))).toBe('2 of [deny_ip] (192.0.2.1, …)');
});

test('figures are read by their names; one that is not there is none', () => {
  expect(networkStats('Network:\n  Connect blocks: 12\n  Bind blocks: 0\n')).toEqual({
    ...{ connect: 12, bind: 0 },
  });
  expect(networkStats('  Connect blocks: many\n')).toEqual({ connect: undefined, bind: undefined });
});
