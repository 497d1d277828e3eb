import { hash } from 'node:crypto';
import { z } from 'zod';
import { inScope } from '../criteria/scope.ts';
import type { Manifest } from './manifest.ts';
import type { Summary } from './summary.ts';

/** https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
/** https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md */
export const PREDICATE_TYPE = 'https://in-toto.io/attestation/test-result/v0.1';
/** https://github.com/in-toto/attestation/blob/main/spec/v1/envelope.md */
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

const resource = z.object({
  name: z.string(),
  digest: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
});

/** An in-toto statement that this candidate was tested, how it ended, and by which evidence. */
export const statement = z.object({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.array(resource).min(1),
  predicateType: z.literal(PREDICATE_TYPE),
  predicate: z.object({
    result: z.enum(['PASSED', 'WARNED', 'FAILED']),
    configuration: z.array(resource),
    url: z.string().optional(),
    passedTests: z.array(z.string()),
    /** Inconclusive, not tried or never judged: not passed, and not shown to be wrong. */
    warnedTests: z.array(z.string()),
    failedTests: z.array(z.string()),
    /** An extension: what broke outside of every test; absent when nothing did. */
    errors: z.array(z.string()).optional(),
    /** An extension: the canary's own word on the run, as in `summary.json`. */
    status: z.string(),
    /** An extension: why the run is a rehearsal; empty for a real one. */
    rehearsal: z.array(z.string()),
  }),
});

export type Statement = z.output<typeof statement>;

/** Hashes of the two files that a statement names besides the candidate. */
export function sealedHashes(manifestText: string | Buffer, { files }: Manifest) {
  const runJson = files.find(({ path }) => path === 'run.json')?.sha256 ?? '';
  return { manifest: hash('sha256', manifestText), runJson };
}
export type SealedHashes = ReturnType<typeof sealedHashes>;

/** A verdict is worth what its judge is: the package, and the Node that ran it. */
const suiteName = ({ version, node }: NonNullable<Summary['suite']>) =>
  `aegisbpf-canary ${version}, Node ${node}`;

/**
 * What a run attests. `PASSED` only for the status `pass`: a policy that looks at nothing else must
 * never let a rehearsal or an open verdict through. Every name in a rehearsal's statement says so.
 */
export function testResult(summary: Summary, hashes: SealedHashes): Statement {
  const rehearsal = summary.rehearsal.length > 0;
  const name = (what: string) => (rehearsal ? `REHEARSAL ${what}` : what);
  const inCriteria = (verdict: Summary['criteria'][number]['verdict']) =>
    summary.criteria
      .filter((one) => one.verdict === verdict)
      .map(({ id }) => id)
      .filter((id) => verdict !== 'skipped' || inScope(id, summary.asked));
  const inTests = (state: Summary['tests'][number]['state']) =>
    summary.tests
      .filter((test) => test.state === state)
      .map((test) => `${test.spec} > ${test.name}`);
  const resourceOf = (what: string, sha256: string) => ({ name: name(what), digest: { sha256 } });
  const { candidate, suite, judgedAgainBy } = summary;
  const ticket = summary.changeTicket;
  return {
    _type: STATEMENT_TYPE,
    subject: [
      ...(candidate.sha256 === undefined ? [] : [resourceOf(candidate.path, candidate.sha256)]),
      ...summary.bpfObjects.map(({ path, sha256 }) => resourceOf(path, sha256)),
      resourceOf('manifest.json', hashes.manifest),
    ],
    predicateType: PREDICATE_TYPE,
    predicate: {
      result: summary.status === 'pass' ? 'PASSED' : 'FAILED',
      configuration: [
        resourceOf('run.json', hashes.runJson),
        ...(suite === undefined ? [] : [resourceOf(suiteName(suite), suite.sha256)]),
        ...(judgedAgainBy === undefined
          ? []
          : [resourceOf(`judged again by ${suiteName(judgedAgainBy)}`, judgedAgainBy.sha256)]),
      ],
      ...(ticket !== undefined && URL.canParse(ticket) ? { url: ticket } : {}),
      passedTests: [...inCriteria('pass'), ...inTests('passed')].map(name),
      warnedTests: [
        ...inCriteria('inconclusive'),
        ...inCriteria('skipped'),
        ...summary.missing,
        ...inTests('not run'),
      ].map(name),
      failedTests: [...inCriteria('fail'), ...inTests('failed')].map(name),
      ...(summary.errors.length > 0 ? { errors: summary.errors } : {}),
      status: summary.status,
      rehearsal: summary.rehearsal,
    },
  };
}
