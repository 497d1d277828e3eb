import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alwaysAnswers, errorOf, propertyRuns } from '../../../fixtures/examples/property-tools.ts';
import {
  parseAllowList,
  parseBlockList,
  parseDenyDb,
  parseNetworkDenyList,
  parsePolicyShow,
} from './rules.ts';

const HASH = 'ab'.repeat(32);
const NETWORK =
  'Denied IPs:\n  10.0.0.1\n  fe80::1\n\nDenied CIDRs:\n  10.0.0.0/8\n  fe80::/10\n\n' +
  'Denied Ports:\n  8080 (tcp, egress)\n  53 (any, both)\n\n' +
  'Denied IP:Port Rules:\n  10.0.0.1:80:tcp\n  [fe80::1]:443\n';

const rules = fc.array(
  fc.record(
    {
      dev: fc.nat({ max: 0xffff_ffff }),
      ino: fc.maxSafeNat(),
      path: fc
        .oneof(fc.constant(' (1:2)'), fc.string({ unit: 'binary' }))
        .filter((text) => !text.includes('\n'))
        .map((text) => `/${text}`),
    },
    { requiredKeys: ['dev', 'ino'] },
  ),
);

test('a block list is read back, whatever the paths hold', () => {
  expect(parseBlockList('/a (1:2) b (266338304:15356)\n266338304:7\n')).toEqual({
    ok: true,
    value: [
      { dev: 266338304, ino: 15356, path: '/a (1:2) b' },
      { dev: 266338304, ino: 7 },
    ],
  });
  fc.assert(
    fc.property(rules, (all) => {
      const lines = all.map(({ dev, ino, path }) =>
        path === undefined ? `${dev}:${ino}\n` : `${path} (${dev}:${ino})\n`,
      );
      expect(parseBlockList(lines.join(''))).toEqual({ ok: true, value: all });
    }),
    propertyRuns(),
  );
});

test('deny.db is read back, with paths in full', () => {
  fc.assert(
    fc.property(rules, (all) => {
      const lines = all.map(({ dev, ino, path }) =>
        path === undefined ? `${dev} ${ino}\n` : `${dev} ${ino} ${path}\n`,
      );
      expect(parseDenyDb(lines.join(''))).toEqual({ ok: true, value: all });
    }),
    propertyRuns(),
  );
});

test.each([
  ['1:2', 'block list is cut off: expected a newline at the end, saw "1:2" at line 1'],
  ['1:2\nError\n', 'saw "Error" at line 2'],
  ['1:9007199254740992\n', 'with an inode below 2^53'],
  ['4294967296:1\n', 'saw "4294967296:1" at line 1'],
  ['a (1:2)\n', 'saw "a (1:2)" at line 1'],
  ['/a(1:2)\n', 'saw "/a(1:2)" at line 1'],
  ['\n', 'saw "" at line 1'],
])('a block list of %j is refused', (text, expected) => {
  expect(errorOf(parseBlockList(text))).toContain(expected);
});

test('an empty list of rules is an answer', () => {
  for (const parse of [parseBlockList, parseDenyDb, parseAllowList]) {
    expect(parse('')).toEqual({ ok: true, value: [] });
  }
});

test('the allow list gives cgroup ids in full', () => {
  expect(parseAllowList('1483\n18446744073709551615\n')).toEqual({
    ok: true,
    value: ['1483', '18446744073709551615'],
  });
  expect(errorOf(parseAllowList('1483\n-1\n'))).toContain('saw "-1" at line 2');
});

test('the network rules are read under their headings', () => {
  expect(parseNetworkDenyList(NETWORK)).toEqual({
    ok: true,
    value: {
      ips: ['10.0.0.1', 'fe80::1'],
      cidrs: ['10.0.0.0/8', 'fe80::/10'],
      ports: ['8080 (tcp, egress)', '53 (any, both)'],
      ipPorts: ['10.0.0.1:80:tcp', '[fe80::1]:443'],
    },
  });
});

test.each([
  ['', '', 'expected the heading `Denied IPs:`, saw the end'],
  [
    '\nDenied IP:Port Rules:\n  10.0.0.1:80:tcp\n  [fe80::1]:443\n',
    '',
    'expected the heading `Denied IP:Port Rules:`',
  ],
  ['Denied CIDRs:', 'Denied cidrs:', 'saw "Denied cidrs:" at line 5'],
  [
    '  10.0.0.1\n',
    '  10.0.0.256\n',
    'expected `  an IP address` or `Denied CIDRs:`, saw "  10.0.0.256" at line 2',
  ],
  ['10.0.0.0/8', '10.0.0.0/33', 'expected `  address/prefix`'],
  ['8080 (tcp', '80800 (tcp', 'expected `  port (protocol, direction)`'],
  ['[fe80::1]:443', 'fe80::1:443', 'expected `  address:port[:protocol]`'],
  ['Denied IPs:\n', 'Denied IPs:\nDenied IPs:\n', 'saw "Denied IPs:" at line 2'],
])('network rules with %j changed to %j are refused', (was, is, expected) => {
  const text = was === '' ? '' : NETWORK.replace(was, is);
  expect(errorOf(parseNetworkDenyList(text))).toContain(expected);
});

test('the applied policy comes with its recorded hash, or without one', () => {
  const policy = 'version=1\n\n[deny_path]\n/etc/x\n';
  expect(parsePolicyShow(`# applied_sha256: ${HASH}\n${policy}`)).toEqual({
    ok: true,
    value: { appliedSha256: HASH, text: policy },
  });
  expect(parsePolicyShow(policy)).toEqual({ ok: true, value: { text: policy } });
});

test.each([
  ['', 'expected the text of a policy, saw "" at line 1'],
  [`# applied_sha256: ${HASH}\n`, 'expected the text of a policy, saw "" at line 2'],
  [`# applied_sha256: ${HASH}`, 'expected the text of a policy'],
  ['# applied_sha256: abc\nversion=1\n', 'expected 64 hex digits'],
])('a shown policy of %j is refused', (text, expected) => {
  expect(errorOf(parsePolicyShow(text))).toContain(expected);
});

test.each([
  ['block list', parseBlockList, '/a b (1:2)\n1:2\n'],
  ['deny.db', parseDenyDb, '1 2 /a b\n1 2\n'],
  ['allow list', parseAllowList, '1\n2\n'],
  ['network list', parseNetworkDenyList, NETWORK],
  ['policy', parsePolicyShow, `# applied_sha256: ${HASH}\nversion=1\n`],
])('no text and no damage makes the %s parser throw', (_, parse, text) => {
  alwaysAnswers((damaged) => errorOf(parse(damaged)), text);
});
