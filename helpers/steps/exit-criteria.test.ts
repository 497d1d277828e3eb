import { renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import { exampleRecords } from '../../fixtures/examples/example-run.ts';
import { NotApplicable } from '../criteria/judgement.ts';
import { type CriterionRecord, RunDirectory } from '../evidence/run-directory.ts';
import { sha256OfFile } from '../files/sha256.ts';
import { type Phase, readSettings } from '../settings/settings.ts';
import { candidateIsTheSame, costWithinLimits, noWorseThanPrevious } from './exit-criteria.ts';

const UNTOLD = {
  verdict: 'skipped',
  notApplicable: true,
  explanation: 'too noisy to tell',
} as const;

/** What is said of a run in which all passed but for these changes of criteria. */
function judgedBy<T>(
  judge: (run: Parameters<typeof costWithinLimits>[0]) => T,
  asked: readonly Phase[],
  changed: (id: string) => Partial<CriterionRecord>,
): T {
  const folder = dirSync({ unsafeCleanup: true });
  const directory = RunDirectory.create(join(folder.name, 'run'));
  for (const record of exampleRecords().values())
    directory.record({ ...record, ...changed(record.id) });
  try {
    return judge({ directory, provided: { asked } });
  } finally {
    folder.removeCallback();
  }
}

/** What is said of a cost phase in which these criteria, by their ids, could not be told. */
const costOf = (isUntold: (id: string) => boolean, asked: readonly Phase[] = ['audit', 'cost']) =>
  judgedBy(costWithinLimits, asked, (id) => (isUntold(id) ? UNTOLD : {}));

const isPiece = (id: string) => /^cost\.(audit|enforce)\./.test(id);

test('a cost phase that could tell nothing is no pass of what the agent costs', () => {
  expect(() => costOf(isPiece)).toThrow(NotApplicable);
  expect(() => costOf(isPiece)).toThrow('this host is too noisy to judge what the agent costs');
});

test('a run for the cost alone that could tell nothing has no answer', () => {
  expect(costOf(isPiece, ['cost']).verdict).toBe('inconclusive');
});

test('one that told something passes, and names what it could not tell', () => {
  const judged = costOf((id) => isPiece(id) && id !== 'cost.audit.open');
  expect(judged.verdict).toBe('pass');
  expect(judged.explanation).toContain('"title of cost.enforce.exec"');
  expect(judged.explanation).not.toContain('"title of cost.audit.open"');
});

test.each([
  [['coverage'], 'coverage.previous', 'fail'],
  [['coverage'], 'previous.cpu', 'pass'],
  [['cost'], 'coverage.previous', 'pass'],
  [['cost'], 'previous.cpu', 'fail'],
  [['coverage', 'cost'], 'coverage.previous', 'fail'],
] as const)(
  'a candidate in %j that fails %s is no worse than the previous version: %s',
  (asked, failed, verdict) => {
    const of = (id: string) => (id === failed ? ({ verdict: 'fail' } as const) : {});
    expect(judgedBy(noWorseThanPrevious, asked, of).verdict).toBe(verdict);
  },
);

test.each([
  ['another file in its place', 'one'],
  ['a link that leads elsewhere', 'aegisbpf'],
])('a candidate that is %s by the end fails', async (_, replaced) => {
  const folder = dirSync({ unsafeCleanup: true });
  const inFolder = (name: string) => join(folder.name, name);
  const candidatePath = inFolder('aegisbpf');
  writeFileSync(inFolder('one'), 'a build');
  writeFileSync(inFolder('two'), 'another build');
  symlinkSync('one', candidatePath);
  symlinkSync('two', inFolder('next'));
  const provided = {
    candidatePath,
    candidateSha256: await sha256OfFile(candidatePath),
    rehearsal: [],
    rejudge: false,
  };
  renameSync(inFolder(replaced === 'one' ? 'two' : 'next'), inFolder(replaced));
  const directory = RunDirectory.create(inFolder('run'));
  const settings = readSettings({ AEGIS_BIN: candidatePath });
  expect(await candidateIsTheSame({ directory, provided, settings })).toMatchObject({
    verdict: 'fail',
    explanation: expect.stringContaining('was replaced during the run'),
  });
  folder.removeCallback();
});
