import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { execa } from 'execa';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { dirSync } from 'tmp';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { exampleRecords } from '../fixtures/examples/example-run.ts';
import { exampleSoak } from '../fixtures/examples/example-soak.ts';
import { type SealedExample, sealedExample } from '../fixtures/examples/sealed-example.ts';
import { fleetSummary } from '../helpers/evidence/fleet-summary.ts';
import { COMPILE_CACHE } from '../helpers/files/compile-cache.mjs';
import { sha256OfFile } from '../helpers/files/sha256.ts';

const parent = dirSync({ unsafeCleanup: true, prefix: 'fleet' });
afterAll(() => parent.removeCallback());

let made = 0;
const fresh = (name: string) => {
  made += 1;
  return join(parent.name, `${name}-${made}`);
};
const file = (text: string | Buffer) => {
  const path = fresh('file');
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};

/** A sealed run of a host. */
const run = (hostname: string, { run: more, ...example }: SealedExample = {}) =>
  sealedExample(fresh('run'), { ...example, run: { runId: fresh('id'), hostname, ...more } });
const FAILED = { 'audit.cpu': { verdict: 'fail', explanation: 'the agent used 40 %' } } as const;
const MISSED = { 'audit.ready': { verdict: 'inconclusive', explanation: 'no time' } } as const;

const command = (script: string, args: readonly string[], env: Record<string, string> = {}) =>
  execa(process.execPath, [join(import.meta.dirname, script), ...args], {
    reject: false,
    env: { ...COMPILE_CACHE, ...env },
  });

/** `npm run fleet`, and what it left. */
async function fleet(args: readonly string[], env: Record<string, string> = {}) {
  const out = fresh('out');
  const { exitCode, stdout, stderr } = await command(
    'fleet-command.ts',
    ['--out', out, ...args],
    env,
  );
  const read = (name: string) => readFileSync(join(out, name), 'utf8');
  const summary = () => fleetSummary.parse(JSON.parse(read('summary.json')));
  return { exitCode, stdout, stderr, out, read, summary };
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  isArray: (name) => ['testsuite', 'testcase', 'failure', 'error'].includes(name),
});
const junit = z.object({
  testsuites: z.object({
    tests: z.coerce.number(),
    failures: z.coerce.number(),
    errors: z.coerce.number(),
    testsuite: z.array(
      z.object({ hostname: z.string(), failures: z.coerce.number(), errors: z.coerce.number() }),
    ),
  }),
});
function suites(xml: string) {
  expect(XMLValidator.validate(xml)).toBe(true);
  return junit.parse(parser.parse(xml)).testsuites;
}

const attested = z.object({
  subject: z.array(z.object({ name: z.string(), digest: z.object({ sha256: z.string() }) })),
  predicate: z.object({
    result: z.string(),
    configuration: z.array(z.object({ digest: z.object({ sha256: z.string() }) })),
    passedTests: z.array(z.string()),
    warnedTests: z.array(z.string()),
    failedTests: z.array(z.string()),
  }),
});
function attestation(text: string) {
  const { payload } = z.object({ payload: z.string() }).parse(JSON.parse(text));
  return attested.parse(JSON.parse(Buffer.from(payload, 'base64').toString('utf8')));
}

describe('hosts that all passed', () => {
  test('are one pass, in every document, and one signed attestation over the seals of their runs', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const SIGNING_KEY = file(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const key = file(publicKey.export({ type: 'spki', format: 'pem' }));
    const runs = [await run('web1'), await run('web2')];
    const { exitCode, stdout, stderr, out, read, summary } = await fleet(runs, { SIGNING_KEY });
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain('PASS: 2 hosts, 2 passed, 0 failed, 0 inconclusive\n');
    expect(summary()).toMatchObject({
      ...{ status: 'pass', missingHosts: [], refusedRuns: [], rehearsal: [] },
      hosts: [{ name: 'web1' }, { name: 'web2' }],
    });
    expect(read('fleet.md')).toMatch(/^# AegisBPF staging canary, 2 hosts: PASS\n/);
    expect(read('fleet.html')).toContain('<h1>AegisBPF staging canary, 2 hosts: PASS</h1>');
    expect(suites(read('junit.xml'))).toMatchObject({
      ...{ failures: 0, errors: 0 },
      testsuite: [{ hostname: 'web1' }, { hostname: 'web2' }],
    });
    const seals = await Promise.all(runs.map((path) => sha256OfFile(join(path, 'manifest.json'))));
    const { result, configuration, passedTests } = attestation(
      read('attestation.dsse.json'),
    ).predicate;
    expect([result, passedTests]).toEqual(['PASSED', ['web1 (6.1.0-50)', 'web2 (6.1.0-50)']]);
    expect(configuration.map(({ digest }) => digest.sha256)).toEqual(seals);

    const verify = '../helpers/evidence/verify-command.ts';
    const whole = await command(verify, [out, '--key', key]);
    expect([whole.exitCode, whole.stdout]).toEqual([0, expect.stringMatching(/^AS SEALED/)]);
    writeFileSync(join(out, 'summary.json'), read('summary.json').replace('web2', 'web3'));
    expect((await command(verify, [out, '--key', key])).stdout).toMatch(/^ALTERED/);
  });
});

test('one host that failed fails all: host and criterion stand in the verdict, the ticket and JUnit', async () => {
  const { exitCode, stdout, read } = await fleet([
    await run('web1'),
    await run('web2', { records: FAILED }),
    await run('web3', { records: MISSED }),
  ]);
  expect(exitCode).toBe(1);
  expect(stdout).toContain('FAIL: 3 hosts, 1 passed, 1 failed, 1 inconclusive\n');
  expect(stdout).toContain('audit.cpu is fail on web2 (6.1.0-50): the agent used 40 %');
  expect(read('fleet.md')).toMatch(/\| `web2 \(6\.1\.0-50\)`? \| FAIL \| [^\n]*audit\.cpu/);
  expect(suites(read('junit.xml'))).toMatchObject({
    ...{ failures: 1, errors: 1 },
    testsuite: [
      { hostname: 'web2', failures: 1, errors: 0 },
      { hostname: 'web3', failures: 0, errors: 1 },
      { hostname: 'web1', failures: 0, errors: 0 },
    ],
  });
  expect(attestation(read('attestation.dsse.json')).predicate).toMatchObject({
    ...{ result: 'FAILED', failedTests: ['web2 (6.1.0-50)'], warnedTests: ['web3 (6.1.0-50)'] },
  });
});

test('a host that is asked for and has no run is missing evidence, and never a pass', async () => {
  const hosts = file('# the wave\nWEB1\nweb2 edge # of the north\n');
  const { exitCode, stdout, read, summary } = await fleet(['--hosts', hosts, await run('web1')]);
  expect(exitCode).toBe(3);
  expect(stdout).toContain('INCONCLUSIVE: 1 host, 1 passed, 0 failed, 0 inconclusive, 1 without');
  expect(stdout).toContain('missing: no run of web2\n');
  expect(summary()).toMatchObject({ status: 'inconclusive', missingHosts: ['web2'] });
  expect(read('fleet.md')).toContain('| web2 | no run of this host is here |');
  expect(suites(read('junit.xml')).errors).toBe(1);
  const all = await fleet(['--hosts', hosts, await run('web1'), await run('web2')]);
  expect(all.exitCode).toBe(0);
  expect(all.summary().hosts.map(({ hostClass }) => hostClass)).toContain('edge');
});

test('a run that was altered since it was sealed is no evidence: what differs is named', async () => {
  const altered = await run('web2', { records: FAILED });
  const path = join(altered, 'summary.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"fail"', '"pass"'));
  const { exitCode, stdout, summary } = await fleet([await run('web1'), altered]);
  expect(exitCode).toBe(3);
  expect(stdout).toContain(
    `no evidence: ${altered}: it is not as it was sealed: summary.json differs from what was sealed`,
  );
  expect(summary()).toMatchObject({
    hosts: [{ name: 'web1', status: 'pass' }],
    refusedRuns: [{ directory: altered }],
  });
});

test('with a public key, only what that key signed is evidence', async () => {
  const [own, other] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
  const key = file(own.publicKey.export({ type: 'spki', format: 'pem' }));
  const { exitCode, stdout } = await fleet([
    ...['--key', key],
    await run('web1', { key: own.privateKey }),
    await run('web2', { key: other.privateKey }),
    await run('web3'),
  ]);
  expect(exitCode).toBe(3);
  expect(stdout).toContain('INCONCLUSIVE: 1 host, 1 passed');
  expect(stdout).toMatch(/no evidence: [^\n]*: it is signed by key \w+, which is none of/);
  expect(stdout).toMatch(/no evidence: [^\n]*: it is not signed/);
});

describe('several runs of one host', () => {
  const at = (day: number, asked: ('audit' | 'enforce')[] = ['audit']) => ({
    ...{ asked, startedAt: `2026-11-${day}T14:00:00.000Z` },
  });
  const records = { 'audit.cpu': { ...FAILED['audit.cpu'], at: '2026-11-23T14:10:00.000Z' } };

  test('count as the latest one that has their phases; the earlier one is named', async () => {
    const { exitCode, read } = await fleet([
      await run('web1', { run: at(24, ['audit', 'enforce']) }),
      await run('web1', { run: at(23), records }),
    ]);
    expect(exitCode).toBe(0);
    expect(read('fleet.md')).toContain(
      'web1 (6.1.0-50): the latest run counts; earlier ones of the same phases: 2026-11-23T14:00:00.000Z fail',
    );
  });

  test('count together where a later one has not all phases of an earlier one', async () => {
    const { exitCode, summary } = await fleet([
      await run('web1', { run: at(23, ['audit', 'enforce']), records }),
      await run('web1', { run: at(24, ['enforce']) }),
    ]);
    expect(exitCode).toBe(1);
    expect(summary().hosts).toMatchObject([{ asked: ['audit', 'enforce'], status: 'fail' }]);
  });

  test('on two kernels are two hosts', async () => {
    const { summary, read } = await fleet([
      await run('web1', { run: at(23) }),
      await run('web1', { run: { ...at(24), kernel: { value: '6.12.1' } } }),
    ]);
    expect(summary().hosts.map(({ kernel }) => kernel)).toEqual(['6.1.0-50', '6.12.1']);
    expect(read('fleet.md')).toMatch(
      /\| Hosts of each class \| `6\.1\.0-50, [^:]+: 1; 6\.12\.1, [^:]+: 1` \|/,
    );
  });

  test('that went on at one time are two hosts of one name, of which one would hide the other: refused', async () => {
    const { exitCode, stderr, out } = await fleet([
      await run('localhost', { run: at(23), records }),
      await run('localhost', { run: { ...at(23), startedAt: '2026-11-23T14:05:00.000Z' } }),
    ]);
    expect([exitCode, existsSync(out)]).toEqual([2, false]);
    expect(stderr).toMatch(/^fleet: two hosts call themselves localhost \(6\.1\.0-50\): [^\n]+$/);
  });

  test('that are copies of one run are one', async () => {
    const one = await run('web1');
    const copy = fresh('copy');
    await execa('cp', ['-a', one, copy]);
    const { exitCode, read, summary } = await fleet([one, copy, one]);
    expect([exitCode, summary().hosts[0]?.runs.length]).toEqual([0, 1]);
    expect(read('fleet.md')).toContain('are the same run');
  });
});

test('runs of two candidates, or of two BPF objects, are refused, and nothing is written', async () => {
  const other = { candidateSha256: 'd'.repeat(64) };
  const object = { bpfObjects: [{ path: '/opt/aegis.bpf.o', sha256: 'e'.repeat(64) }] };
  for (const changed of [other, object]) {
    const { exitCode, stderr, out } = await fleet([
      await run('web1'),
      await run('web2', { run: changed }),
    ]);
    expect([exitCode, existsSync(out)]).toEqual([2, false]);
    expect(stderr).toMatch(/^fleet: these runs do not judge one candidate: [^\n]+$/);
  }
});

describe('a figure far from that of the other hosts of its class', () => {
  const soak = (maxKb: number): SealedExample => ({
    files: { 'audit/soak.json': { ...exampleSoak, mode: 'audit', rss: rss(maxKb) } },
  });
  const rss = (maxKb: number) => ({ baselineKb: 40_000, maxKb, lastKb: 40_000, samples: 300 });
  const hosts = (figures: readonly number[]) =>
    Promise.all(figures.map((maxKb, at) => run(`web${at}`, soak(maxKb))));

  test('is told, and is no failure', async () => {
    const { exitCode, read, summary } = await fleet(
      await hosts([40_000, 41_000, 40_500, 42_000, 40_200, 90_000]),
    );
    expect(exitCode).toBe(0);
    expect(summary().outliers).toMatchObject([
      { host: 'web5 (6.1.0-50)', figure: 'audit: resident memory', value: 90_000 },
    ]);
    expect(read('fleet.md')).toMatch(/web5 [^\n]*resident memory[^\n]*90,000 kB[^\n]*worse/);
  });

  test('is not looked for among fewer than five hosts, which is told', async () => {
    const { read, summary } = await fleet(await hosts([40_000, 41_000, 40_500, 90_000]));
    expect(summary().outliers).toEqual([]);
    expect(read('fleet.md')).toContain('fewer than 5 hosts: no outliers are looked for there');
  });

  test('and not a quarter away from the middle is none, however alike the others are', async () => {
    const { summary } = await fleet(await hosts([40_000, 40_000, 40_000, 40_000, 40_000, 49_000]));
    expect(summary().outliers).toEqual([]);
  });
});

describe('hosts on which nothing of the cost could be told', () => {
  const asked: ('audit' | 'cost')[] = ['audit', 'cost'];
  const NOISY = { verdict: 'skipped', notApplicable: true, explanation: 'too noisy' } as const;
  const noisy: SealedExample = {
    run: { asked },
    records: Object.fromEntries(
      [...exampleRecords().keys()]
        .filter((id) => /^cost\.(audit|enforce)\.|^exit\.cost$/.test(id))
        .map((id) => [id, NOISY]),
    ),
  };
  const quiet: SealedExample = { run: { asked } };

  test('are counted in a note, and change no verdict', async () => {
    const { summary, read } = await fleet([await run('web1', quiet), await run('web2', noisy)]);
    const same = await fleet([await run('web1', quiet), await run('web2', quiet)]);
    expect(summary().status).toBe(same.summary().status);
    const line = 'costs could be told on 1 of 2 hosts that ran the cost phase';
    for (const document of ['fleet.md', 'fleet.html']) expect(read(document)).toContain(line);
    expect(summary()).toMatchObject({ notTried: [] });
    expect(same.read('fleet.md')).not.toContain('that ran the cost phase');
  });

  test('stand under what was not tried where that is all of them', async () => {
    const { summary, read } = await fleet([await run('web1', noisy), await run('web2', noisy)]);
    expect(summary().notTried).toEqual([
      expect.stringContaining('could be told on 2 of 2 hosts that ran the cost phase'),
    ]);
    for (const document of ['fleet.md', 'fleet.html'])
      expect(read(document)).toMatch(/What was not tried[\s\S]*could be told on 2 of 2 hosts/);
  });

  test('are none where the phase was not asked for', async () => {
    const { read } = await fleet([await run('web1', { run: { asked: ['audit'] } })]);
    expect(read('fleet.md')).not.toContain('that ran the cost phase');
  });
});

test('the page searches and groups hosts, and leaves out what passed everywhere', async () => {
  const { read } = await fleet([
    await run('web10'),
    await run('web9'),
    await run('web2', { records: FAILED }),
  ]);
  const page = read('fleet.html');
  const [, script = ''] = /<script>(.*)<\/script>/s.exec(page) ?? [];
  expect(new Script(script)).toBeInstanceOf(Script);
  expect([...page.matchAll(/<option value="(\d)">([^<]+)</g)].map(([, , name]) => name)).toEqual([
    ...['nothing', 'class', 'kernel', 'distribution', 'verdict', 'not passed'],
  ]);
  // The worst first, and then as people count.
  expect(
    [...page.matchAll(/^(?:<tbody>)?<tr class="\w+"><td>(web\d+)/gm)].map(([, name]) => name),
  ).toEqual([...['web2', 'web9', 'web10']]);
  expect(page).toMatch(/<tr class="FAIL"><td>audit\.cpu<\/td>/);
  expect(page).toMatch(/<tr class="same"><td>audit\.ready<\/td>/);
});

test('names of hosts are text in every document, and nothing else', async () => {
  const hostname = 'a|<script>alert(1)</script>"&\u001b[2J';
  const { exitCode, stdout, read } = await fleet([await run(hostname, { records: FAILED })]);
  expect(exitCode).toBe(1);
  expect(stdout).not.toContain('\u001b');
  expect(read('fleet.html')).not.toContain('<script>alert');
  expect(read('fleet.md')).toContain('a\\|<script>');
  expect(suites(read('junit.xml')).testsuite).toHaveLength(1);
});

describe('what cannot be judged', () => {
  test.each([
    ['no run', [], 'usage: npm run fleet'],
    ['an option that is none', ['--wave', '1', '/x'], "Unknown option '--wave'"],
    ['a directory that is no run', ['/nowhere/run'], 'none of these is a sealed run'],
    ['a list of hosts that is not there', ['--hosts', '/nowhere/hosts', '/x'], '/nowhere/hosts'],
    ['a review that is not there', ['--review', '/nowhere/r.yaml', '/x'], '/nowhere/r.yaml'],
    ['a key that is not there', ['--key', '/nowhere/key', '/x'], '/nowhere/key'],
  ])('%s is told in one line, with exit code 2', async (_name, args, says) => {
    const { exitCode, stderr, out } = await fleet(args);
    expect([exitCode, existsSync(out)]).toEqual([2, false]);
    expect(stderr).toMatch(/^fleet: [^\n]+$/);
    expect(stderr).toContain(says);
  });

  test('a line that is no name of a host is told with its number', async () => {
    const { exitCode, stderr } = await fleet(['--hosts', file('web1\n[staging]\n'), '/x']);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/:2: "\[staging\]" is not the/)]);
  });

  test('a directory that is there already is not written into', async () => {
    const { exitCode, stderr } = await fleet(['--out', parent.name, await run('web1')]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('is there already')]);
  });
});
