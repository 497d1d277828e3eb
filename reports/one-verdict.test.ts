import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { XMLParser } from 'fast-xml-parser';
import { dirSync } from 'tmp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { exampleRecords, exampleRun } from '../fixtures/examples/example-run.ts';
import { propertyRuns } from '../fixtures/examples/property-tools.ts';
import { ATTESTATION_FILE } from '../helpers/evidence/manifest.ts';
import { recordReportProblem } from '../helpers/evidence/report-problems.ts';
import { type CriterionRecord, RunDirectory } from '../helpers/evidence/run-directory.ts';
import { sealRun } from '../helpers/evidence/seal.ts';
import { summarise } from '../helpers/evidence/summary.ts';
import { runVerdict } from '../helpers/evidence/verdict.ts';
import { verifyRun } from '../helpers/evidence/verify.ts';
import { recordOfVitest, type VitestLine } from '../helpers/evidence/vitest-record.ts';
import type { Phase } from '../helpers/settings/settings.ts';
import { annotations } from './github-reporter.ts';
import { junitReport } from './junit-reporter.ts';
import { junitXml } from './junit-xml.ts';
import { answer, statusScreen } from './status-screen.ts';
import { heading, ticketText } from './ticket.ts';
import { ticketOf } from './ticket-reporter.ts';

/** A run as vitest, a crash, a full disk or somebody's own spec may leave it. */
interface GeneratedRun {
  readonly asked: readonly Phase[];
  readonly rehearsal: boolean;
  /** Records that are other than a pass, by their place among all. */
  readonly changed: readonly (readonly [number, Partial<CriterionRecord> | 'missing'])[];
  /** Recorded a second time, with this verdict. */
  readonly doubled: readonly (readonly [number, CriterionRecord['verdict']])[];
  readonly foreign: readonly CriterionRecord[];
  readonly ofVitest: readonly VitestLine[];
  readonly unwritten: readonly string[];
  readonly torn: boolean;
}

const verdict = fc.constantFrom('pass', 'fail', 'inconclusive', 'skipped' as const);
const sometimes = <T>(one: fc.Arbitrary<T>) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant<readonly T[]>([]) },
    { weight: 1, arbitrary: fc.array(one, { minLength: 1, maxLength: 3 }) },
  );
const place = fc.nat({ max: 200 });
const change = fc.oneof(
  verdict.map((ended): Partial<CriterionRecord> => ({ verdict: ended })),
  fc.constant<Partial<CriterionRecord>>({ verdict: 'skipped', notApplicable: true }),
  fc.constant('missing' as const),
);
const foreignId = fc.constantFrom('audit.own', 'enforce.own', 'exit.own', 'own.check', 'plain');
const foreign = fc.tuple(foreignId, verdict).map(
  ([id, ended]): CriterionRecord => ({
    ...{ id, section: id.split('.')[0] ?? '', title: `title of ${id}`, at: '', durationMs: 1 },
    ...{ verdict: ended, explanation: 'a check of our own' },
  }),
);
const spec = 'canary/6-own.spec.ts';
const ofVitest: fc.Arbitrary<VitestLine> = fc.oneof(
  foreignId.map((id) => ({ kind: 'criterion' as const, id, section: 'own', title: id, spec })),
  fc
    .constantFrom('passed', 'failed', 'not run' as const)
    .map((state) => ({ kind: 'test' as const, spec, name: 'a plain test', state })),
  fc.constant({ kind: 'error' as const, message: 'a hook broke' }),
);
const run: fc.Arbitrary<GeneratedRun> = fc.record({
  asked: fc.subarray<Phase>(['audit', 'enforce', 'coverage', 'cost', 'rollback'], { minLength: 1 }),
  rehearsal: fc.boolean(),
  changed: sometimes(fc.tuple(place, change)),
  doubled: sometimes(fc.tuple(place, verdict)),
  foreign: sometimes(foreign),
  ofVitest: sometimes(ofVitest),
  unwritten: sometimes(fc.constantFrom('junit.xml: no space left on device', 'charts: EISDIR')),
  torn: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
});

let parent: ReturnType<typeof dirSync>;
let path: string;
beforeAll(() => {
  parent = dirSync({ unsafeCleanup: true });
  path = join(parent.name, 'run');
});
afterAll(() => parent.removeCallback());

function write(generated: GeneratedRun): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  const directory = new RunDirectory(path);
  const rehearsal = generated.rehearsal ? ['the candidate is the stand-in agent'] : [];
  const { asked } = generated;
  directory.writeJson('run.json', exampleRun({ runDirectory: path, asked, rehearsal }));
  const all = [...exampleRecords().values()];
  const changes = new Map(generated.changed.map(([at, what]) => [at % all.length, what]));
  for (const [index, record] of all.entries()) {
    const what = changes.get(index);
    if (what !== 'missing') directory.record({ ...record, ...what });
  }
  for (const [at, ended] of generated.doubled) {
    const record = all[at % all.length];
    if (record !== undefined) directory.record({ ...record, verdict: ended });
  }
  for (const record of generated.foreign) directory.record(record);
  for (const line of generated.ofVitest) recordOfVitest(path, line);
  for (const problem of generated.unwritten) recordReportProblem(path, problem);
  if (generated.torn) appendFileSync(directory.file('criteria.ndjson'), '{"id":"audit.so');
}

const junitRoot = z.object({
  testsuites: z.object({ '@_failures': z.coerce.number(), '@_errors': z.coerce.number() }),
});
const parser = new XMLParser({ ignoreAttributes: false });

/** How many test cases a CI server would show in red. */
function redInJunit(directory: RunDirectory, record: ReturnType<typeof exampleRun>): number {
  const { testsuites } = junitRoot.parse(parser.parse(junitXml(junitReport(record, directory))));
  return testsuites['@_failures'] + testsuites['@_errors'];
}

/** Whether the run may pass, counted here without any of the suite's own rules. */
function mayPass(generated: GeneratedRun): boolean {
  const { asked, changed, doubled, foreign: own, ofVitest: lines, unwritten, torn } = generated;
  const notAsked = ['audit', 'enforce', 'coverage', 'cost', 'rollback'].filter(
    (phase) => !(asked as readonly string[]).includes(phase),
  );
  // The previous version is compared in the cost phase, and its routes in the coverage phase.
  const ofPhase = (id: string) => id.replace(/^(exit\.)?previous\b/, '$1cost');
  const outside = (id: string) =>
    notAsked.some(
      (phase) =>
        ofPhase(id).startsWith(`${phase}.`) ||
        (ofPhase(id) === `exit.${phase}` &&
          (id !== 'exit.previous' || notAsked.includes('coverage'))),
    ) ||
    (!asked.some((one) => one === 'audit' || one === 'enforce') &&
      ['exit.thresholds', 'exit.false-positives'].includes(id));
  const ids = [...exampleRecords().keys()];
  const last = new Map(changed.map(([at, what]) => [at % ids.length, what]));
  const bad = (id: string, ended: string) =>
    ended === 'fail' || ended === 'inconclusive' || (ended === 'skipped' && !outside(id));
  const recorded = [...last].some(([at, what]) => {
    const id = ids[at] ?? '';
    if (what === 'missing')
      return !outside(id) && !doubled.some(([again]) => again % ids.length === at);
    return what.notApplicable !== true && bad(id, what.verdict ?? 'pass');
  });
  const again = doubled.some(([at, ended]) => {
    const what = last.get(at % ids.length);
    const excused = typeof what === 'object' && what.notApplicable === true;
    return bad(ids[at % ids.length] ?? '', ended) && !(excused && ended === 'pass');
  });
  const declared = lines.some(
    (line) =>
      line.kind === 'criterion' &&
      !outside(line.id) &&
      !own.some((record) => record.id === line.id),
  );
  const broke = lines.some(
    (line) => line.kind === 'error' || (line.kind === 'test' && line.state !== 'passed'),
  );
  const foreignBad = own.some((record) => bad(record.id, record.verdict));
  return ![recorded, again, declared, broke, foreignBad, unwritten.length > 0, torn].includes(true);
}

test('the verdict, the seal, the exit code and every document of a run agree, whatever it left', async () => {
  await fc.assert(
    fc.asyncProperty(run, async (generated) => {
      write(generated);
      const directory = new RunDirectory(path);
      const rehearsal = generated.rehearsal ? ['the candidate is the stand-in agent'] : [];
      const record = exampleRun({ runDirectory: path, asked: generated.asked, rehearsal });
      const judged = runVerdict(directory, record);
      const { status, green } = judged;
      expect(green).toBe(mayPass(generated));
      expect(green).toBe(status === 'pass' || status === 'rehearsal: all checks green');
      expect(status.startsWith('rehearsal: ')).toBe(generated.rehearsal);

      const summary = summarise(path);
      expect(summary?.status).toBe(status);
      const ticket = ticketOf(record, directory);
      expect(ticketText(ticket).split('\n', 1)[0]).toMatch(`: ${heading(judged)}`);
      expect(redInJunit(directory, record) > 0).toBe(!green);
      expect(annotations(ticket).length > 0).toBe(!green);
      const screen = statusScreen(judged, record, path).split('\n');
      expect(screen).toContain(` ${answer(judged)}`);

      directory.writeJson('summary.json', summary);
      // What decides on the exit code.
      const { exitCode } = await sealRun(path, undefined);
      expect([exitCode, exitCode === 1]).toEqual([exitCode, status.endsWith('fail')]);
      expect(exitCode === 0).toBe(green);
      const verified = await verifyRun(path);
      expect(verified.problems).toEqual([]);
      const { predicate } = verified.statement;
      expect(predicate.result === 'PASSED').toBe(status === 'pass');
      expect(predicate.status).toBe(status);
      const named = predicate.failedTests.length > 0;
      expect(named).toBe(status.endsWith('fail'));
      expect(readFileSync(join(path, ATTESTATION_FILE), 'utf8')).toContain('"payload"');
    }),
    { numRuns: Math.ceil(propertyRuns().numRuns / 10) },
  );
});
