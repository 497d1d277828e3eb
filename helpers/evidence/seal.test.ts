import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exampleRecords, exampleRun } from '../../fixtures/examples/example-run.ts';
import { onVerdictChanged } from './report-problems.ts';
import { RunDirectory } from './run-directory.ts';
import type { RunRecord } from './run-record.ts';
import { alteredSinceSealed, sealRun } from './seal.ts';
import { summarise } from './summary.ts';
import { CannotVerify, verifyRun } from './verify.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
let parent: ReturnType<typeof dirSync>;
let path: string;

/** A run directory as a finished run leaves it, apart from the seal. */
function finishedRun(changes: Partial<RunRecord> = {}): void {
  const run = RunDirectory.create(path);
  run.writeJson('run.json', exampleRun({ runDirectory: path, ...changes }));
  run.directory('audit');
  run.writeText('audit/samples.ndjson', '{"elapsedMs":0}\n{"elapsedMs":1000}\n');
  run.writeText('review.yaml', 'groups: []\n');
  for (const record of exampleRecords().values()) run.record(record);
  run.writeJson('summary.json', summarise(path));
}

const problems = async (key?: KeyObject) => (await verifyRun(path, key)).problems;

function everyFile(folder = ''): string[] {
  return readdirSync(join(path, folder), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? everyFile(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

beforeEach(() => {
  parent = dirSync({ unsafeCleanup: true });
  path = join(parent.name, 'run');
});
afterEach(() => parent.removeCallback());

describe('a sealed run', () => {
  test('is as sealed, and its signature holds for the right key alone', async () => {
    finishedRun();
    const seal = await sealRun(path, privateKey);
    expect(seal.exitCode).toBe(0);
    expect(seal.files).toBe(everyFile().length - 2);
    const verification = await verifyRun(path, publicKey);
    expect(verification).toMatchObject({
      problems: [],
      signature: 'holds',
      signatures: [seal.signedBy],
    });
    expect(verification.statement.predicate).toMatchObject({ result: 'PASSED', failedTests: [] });
    const other = generateKeyPairSync('ed25519').publicKey;
    expect(await verifyRun(path, other)).toMatchObject({ problems: [], signature: 'another key' });
  });

  test('without a key says that nobody signed it, also to who asks with one', async () => {
    finishedRun();
    await sealRun(path, undefined);
    expect(await verifyRun(path)).toMatchObject({ problems: [], signatures: [] });
    expect(await verifyRun(path, publicKey)).toMatchObject({
      problems: [],
      signature: 'unsigned',
    });
  });

  test('names what is changed, missing and added, by path', async () => {
    finishedRun();
    await sealRun(path, undefined);
    appendFileSync(join(path, 'audit/samples.ndjson'), '\n');
    rmSync(join(path, 'criteria.ndjson'));
    writeFileSync(join(path, 'audit/more.json'), '{}');
    rmSync(join(path, 'review.yaml'));
    symlinkSync('/etc/hostname', join(path, 'review.yaml'));
    expect(await problems()).toEqual([
      'audit/more.json was added after the run was sealed',
      'audit/samples.ndjson differs from what was sealed',
      'criteria.ndjson is missing',
      'review.yaml is not a regular file any more',
    ]);
  });

  test.each([
    ['signed', privateKey, publicKey],
    ['unsigned', undefined, undefined],
  ])('one flipped bit anywhere in a bundle is found (%s)', async (_how, key, checkedWith) => {
    finishedRun();
    await sealRun(path, key);
    const files = everyFile();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.nat(),
        fc.nat({ max: 7 }),
        async (name, offset, bit) => {
          const file = join(path, name);
          const whole = readFileSync(file);
          const flipped = Buffer.from(whole);
          const at = offset % flipped.length;
          flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
          writeFileSync(file, flipped);
          const verification = await problems(checkedWith).catch((error: unknown) => {
            expect(error).toBeInstanceOf(CannotVerify);
            return ['cannot be read'];
          });
          writeFileSync(file, whole);
          expect(verification, `${name} at ${at}`).not.toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
    expect(await problems(checkedWith)).toEqual([]);
  });

  test('is readable by its owner and group only', async () => {
    finishedRun();
    await sealRun(path, privateKey);
    for (const name of everyFile()) {
      expect(statSync(join(path, name)).mode & 0o777, name).toBe(0o640);
    }
  });
});

describe('what is attested', () => {
  test('a rehearsal with every check green is not PASSED, and every name in it says so', async () => {
    finishedRun({ rehearsal: ['the candidate is the stand-in agent'] });
    await sealRun(path, privateKey);
    const { statement } = await verifyRun(path, publicKey);
    expect(statement.predicate.result).toBe('FAILED');
    expect(statement.predicate.status).toBe('rehearsal: all checks green');
    const names = [
      ...statement.subject.map(({ name }) => name),
      ...statement.predicate.passedTests,
    ];
    expect(names.length).toBeGreaterThan(60);
    for (const name of names) expect(name).toMatch(/^REHEARSAL /);
  });

  test("a summary that is not of the run's end is none, and every other document is written anew to say so", async () => {
    finishedRun();
    for (const record of exampleRecords({ 'audit.soak': { verdict: 'inconclusive' } }).values())
      new RunDirectory(path).record(record);
    let told: readonly string[] | undefined;
    onVerdictChanged(() => {
      told = summarise(path)?.unwritten;
    });
    expect((await sealRun(path, undefined)).exitCode).toBe(3);
    expect(told).toEqual([expect.stringMatching(/^summary\.json was not written by/)]);
    expect(await problems()).toEqual([]);
  });

  test('an open verdict is not PASSED, and inconclusive is told from failed', async () => {
    finishedRun();
    const records = exampleRecords({
      'audit.soak': { verdict: 'inconclusive' },
      'audit.alive': { verdict: 'fail' },
    });
    for (const record of records.values()) new RunDirectory(path).record(record);
    new RunDirectory(path).writeJson('summary.json', summarise(path));
    await sealRun(path, undefined);
    expect((await verifyRun(path)).statement.predicate).toMatchObject({
      result: 'FAILED',
      warnedTests: ['audit.soak'],
      failedTests: ['audit.alive'],
    });
  });

  test('the candidate and its BPF object are what it is about, and the suite is who tested', async () => {
    finishedRun();
    await sealRun(path, undefined);
    const { statement } = await verifyRun(path);
    expect(statement.predicate.configuration).toContainEqual({
      name: 'aegisbpf-canary 0.1.0, Node v24.0.0',
      digest: { sha256: 'c'.repeat(64) },
    });
    expect(statement.subject.slice(0, 2)).toEqual([
      { name: '/opt/aegisbpf', digest: { sha256: 'a'.repeat(64) } },
      { name: '/opt/aegis.bpf.o', digest: { sha256: 'b'.repeat(64) } },
    ]);
  });
});

describe('a run that is judged again', () => {
  test('names both suites: the one that tested, and the one that judged last', async () => {
    const judgedAgainBy = { version: '0.2.0', sha256: 'e'.repeat(64), node: 'v24.1.0' };
    finishedRun({ judgedAgainBy });
    await sealRun(path, undefined);
    const { statement } = await verifyRun(path);
    expect(statement.predicate.configuration.slice(1)).toEqual([
      { name: 'aegisbpf-canary 0.1.0, Node v24.0.0', digest: { sha256: 'c'.repeat(64) } },
      {
        name: 'judged again by aegisbpf-canary 0.2.0, Node v24.1.0',
        digest: { sha256: 'e'.repeat(64) },
      },
    ]);
  });

  test('may have another review, and nothing else', async () => {
    finishedRun();
    await sealRun(path, privateKey);
    writeFileSync(join(path, 'review.yaml'), 'groups: [] # looked at\n');
    expect(await problems()).toEqual(['review.yaml differs from what was sealed']);
    expect(await alteredSinceSealed(path)).toEqual([]);
    appendFileSync(join(path, 'criteria.ndjson'), ' ');
    expect(await alteredSinceSealed(path)).toEqual([{ path: 'criteria.ndjson', kind: 'differs' }]);
  });

  test('keeps what the seal before it said', async () => {
    finishedRun();
    await sealRun(path, privateKey);
    const first = readFileSync(join(path, 'attestation.dsse.json'), 'utf8');
    writeFileSync(join(path, 'review.yaml'), 'groups: [] # looked at\n');
    await sealRun(path, undefined);
    expect(readFileSync(join(path, 'seals/1/attestation.dsse.json'), 'utf8')).toBe(first);
    expect(await problems()).toEqual([]);
    rmSync(join(path, 'seals/1/manifest.json'));
    expect(await problems()).toEqual(['seals/1/manifest.json is missing']);
  });
});

describe('npm run verify', () => {
  const verify = (...args: string[]) =>
    execa(process.execPath, [join(import.meta.dirname, 'verify-command.ts'), ...args], {
      reject: false,
    });

  test('exits 0 for a bundle as sealed, 1 for an altered one, 2 for none', async () => {
    finishedRun();
    expect(await verify(path)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^verify: there is no manifest\.json .* cut short/),
    });
    const key = join(parent.name, 'key.pub');
    writeFileSync(key, publicKey.export({ type: 'spki', format: 'pem' }));
    await sealRun(path, privateKey);
    const whole = await verify(path, '--key', key);
    expect(whole).toMatchObject({ exitCode: 0 });
    expect(whole.stdout).toMatch(/^AS SEALED: .*\n {2}final status: pass\n.*the signature holds$/s);
    renameSync(join(path, 'run.json'), join(path, 'run\u001b[2J.json'));
    const altered = await verify(path, '--key', key);
    expect(altered).toMatchObject({ exitCode: 1 });
    expect(altered.stdout).toMatch(
      /^ALTERED: .*\n {2}run\\u001b\[2J\.json was added .*\n {2}run\.json is missing$/,
    );
  });

  test('tells another key and no key from an altered bundle', async () => {
    finishedRun();
    const other = join(parent.name, 'other.pub');
    const { publicKey: theirs } = generateKeyPairSync('ed25519');
    writeFileSync(other, theirs.export({ type: 'spki', format: 'pem' }));
    await sealRun(path, privateKey);
    const signed = await verify(path, '--key', other);
    expect(signed).toMatchObject({ exitCode: 1 });
    expect(signed.stdout).toMatch(/^SIGNED BY ANOTHER KEY: .*every file is as it was sealed/);
    expect(signed.stdout).toMatch(/signed by key [0-9a-f]{64}, which is not the given one/);
    await sealRun(path, undefined);
    const unsigned = await verify(path, '--key', other);
    expect(unsigned).toMatchObject({ exitCode: 1 });
    expect(unsigned.stdout).toMatch(/^NOT SIGNED: .*UNSIGNED: nobody signed/s);
  });

  test('says how it is used when it is not', async () => {
    for (const args of [[], ['a', 'b'], ['a', '--what']])
      expect(await verify(...args)).toMatchObject({
        exitCode: 2,
        stderr: 'verify: usage: npm run verify -- RUN_DIRECTORY [--key PUBLIC_KEY]',
      });
  });
});
