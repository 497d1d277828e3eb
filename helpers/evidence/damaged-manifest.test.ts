import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { dirSync } from 'tmp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleRecords, exampleRun } from '../../fixtures/examples/example-run.ts';
import { anyText, damaged, propertyRuns } from '../../fixtures/examples/property-tools.ts';
import { ATTESTATION_FILE, MANIFEST_FILE } from './manifest.ts';
import { RunDirectory } from './run-directory.ts';
import { sealRun } from './seal.ts';
import { summarise } from './summary.ts';
import { CannotVerify, verifyRun } from './verify.ts';

/** The document, or the file that differs, is missing or was added. */
const SAYS_WHERE = /\.json\b|differs from|is missing|was added after/;

let parent: ReturnType<typeof dirSync>;
let path: string;

beforeAll(async () => {
  parent = dirSync({ unsafeCleanup: true });
  path = join(parent.name, 'run');
  const run = RunDirectory.create(path);
  run.writeJson('run.json', exampleRun({ runDirectory: path }));
  for (const record of exampleRecords().values()) run.record(record);
  run.writeJson('summary.json', summarise(path));
  await sealRun(path, undefined);
});
afterAll(() => parent.removeCallback());

test.each([MANIFEST_FILE, ATTESTATION_FILE])(
  'whatever stands in %s, the run is not as sealed, and the message says where',
  async (name) => {
    const file = join(path, name);
    const whole = readFileSync(file, 'utf8');
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyText(), damaged(whole)), async (text) => {
        fc.pre(text !== whole);
        writeFileSync(file, text);
        const outcome = await verifyRun(path).then(
          ({ problems }) => problems,
          (error: unknown) => {
            expect(error).toBeInstanceOf(CannotVerify);
            return [(error as CannotVerify).message];
          },
        );
        expect(outcome.length).toBeGreaterThan(0);
        for (const problem of outcome) expect(problem).toMatch(SAYS_WHERE);
      }),
      propertyRuns(),
    );
    writeFileSync(file, whole);
  },
);

test('a statement in which a key stands twice is altered, whichever of the two is the right one', async () => {
  const file = join(path, ATTESTATION_FILE);
  const whole = readFileSync(file, 'utf8');
  const { payload } = JSON.parse(whole);
  const stated = Buffer.from(payload, 'base64').toString('utf8');
  const twice = stated.replace('{', '{"predicate":{"status":"PASSED"},');
  writeFileSync(file, whole.replace(payload, Buffer.from(twice).toString('base64')));
  const { problems } = await verifyRun(path);
  writeFileSync(file, whole);
  expect(problems).toEqual([`${ATTESTATION_FILE} was edited`]);
});
