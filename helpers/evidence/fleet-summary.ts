import { z } from 'zod';
import { PHASES } from '../settings/settings.ts';
import type { SealedHashes, Statement } from './attestation.ts';
import { PREDICATE_TYPE, STATEMENT_TYPE } from './attestation.ts';
import { STATUSES } from './verdict.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const figure = z.union([z.number(), z.string()]);

/** A criterion of a host that is no pass. */
const openCriterion = z.object({
  id: z.string(),
  verdict: z.enum(['fail', 'inconclusive', 'skipped']),
  explanation: z.string(),
  value: figure.optional(),
  limit: figure.optional(),
  unit: z.string().optional(),
  isCause: z.boolean().describe('false for what only sums up others, or could not be tried'),
});

const runOfHost = z.object({
  directory: z.string(),
  runId: z.string(),
  startedAt: z.string(),
  asked: z.array(z.enum(PHASES)),
  status: z.enum(STATUSES).describe('as it was sealed'),
  counts: z.boolean().describe('false where a later run of this host has all its phases'),
  reviewed: z.boolean().describe('true where the review of the fleet settled decisions of it'),
  manifestSha256: sha256,
  signers: z.array(z.string()),
});

const hostOfFleet = z.object({
  name: z.string().describe('as it calls itself'),
  kernel: z.string(),
  distribution: z.string().optional(),
  hostClass: z.string().describe('what it is compared within: kernel and distribution, or a label'),
  status: z.enum(STATUSES),
  asked: z.array(z.enum(PHASES)),
  passed: z.int(),
  skipped: z.int().describe('not tried, because of others'),
  problems: z.array(z.string()).describe('what broke outside of every criterion'),
  open: z.array(openCriterion),
  runs: z.array(runOfHost).describe('by the time of their start'),
});
export type HostOfFleet = z.output<typeof hostOfFleet>;
export type OpenCriterion = z.output<typeof openCriterion>;

/** A figure of a host that stands out from its class: told, and not judged. */
const outlier = z.object({
  host: z.string(),
  hostClass: z.string(),
  figure: z.string(),
  unit: z.string(),
  value: z.number(),
  median: z.number().describe('of its class'),
  score: z.number().describe('modified z-score, of logarithms; above 0 is worse'),
});
export type Outlier = z.output<typeof outlier>;

/** `summary.json` of many runs that were judged together. */
export const fleetSummary = z.object({
  version: z.literal(1),
  kind: z.literal('fleet'),
  status: z.enum(STATUSES),
  rehearsal: z.array(z.string()),
  asked: z.array(z.enum(PHASES)).describe('phases that every host has'),
  candidate: z.object({
    path: z.string(),
    sha256,
    version: z.string().optional(),
  }),
  bpfObjects: z.array(sha256),
  judgedAt: z.string(),
  hosts: z.array(hostOfFleet),
  missingHosts: z.array(z.string()).describe('asked for, and no run of them is here'),
  refusedRuns: z
    .array(z.object({ directory: z.string(), why: z.string() }))
    .describe('directories that are no evidence: altered, not sealed, or unreadable'),
  notes: z.array(z.string()).describe('what is told and changes no verdict'),
  notTried: z
    .array(z.string())
    .optional()
    .describe('what every host was asked for, and none could tell; changes no verdict'),
  criteria: z.array(
    z.object({
      id: z.string(),
      section: z.string(),
      title: z.string(),
      fail: z.int(),
      inconclusive: z.int(),
      skipped: z.int(),
      pass: z.int(),
    }),
  ),
  outliers: z.array(outlier),
  review: z.object({
    groups: z.int().describe('that some host has not settled by itself'),
    open: z.int().describe('of those: not judged in the review of the fleet either'),
  }),
});
export type FleetSummary = z.output<typeof fleetSummary>;

/** How a host is told from another: two kernels on one host are two things that were tried. */
export const hostLabel = ({ name, kernel }: Pick<HostOfFleet, 'name' | 'kernel'>) =>
  `${name} (${kernel})`;

/**
 * What the verdict over many runs attests: its tests are the hosts, and its configuration the seal of each run. `PASSED`
 * only for the status `pass`, as for a run.
 */
export function fleetResult(fleet: FleetSummary, { manifest }: Pick<SealedHashes, 'manifest'>) {
  const name = (what: string) => (fleet.rehearsal.length > 0 ? `REHEARSAL ${what}` : what);
  const resource = (what: string, hash: string) => ({ name: name(what), digest: { sha256: hash } });
  const hosts = (ending: string) =>
    fleet.hosts
      .filter(({ status }) => status.endsWith(ending))
      .map((host) => name(hostLabel(host)));
  return {
    _type: STATEMENT_TYPE,
    subject: [
      resource(fleet.candidate.path, fleet.candidate.sha256),
      ...fleet.bpfObjects.map((hash) => resource('BPF object', hash)),
      resource('manifest.json', manifest),
    ],
    predicateType: PREDICATE_TYPE,
    predicate: {
      result: fleet.status === 'pass' ? 'PASSED' : 'FAILED',
      configuration: fleet.hosts.flatMap((host) =>
        host.runs.map((run) =>
          resource(
            `manifest.json of ${hostLabel(host)}, ${run.startedAt}, ${run.runId}`,
            run.manifestSha256,
          ),
        ),
      ),
      passedTests: [...hosts('pass'), ...hosts('green')],
      warnedTests: [
        ...hosts('inconclusive'),
        ...fleet.missingHosts.map((host) => name(`${host}: no run`)),
        ...fleet.refusedRuns.map(({ directory }) => name(`${directory}: no evidence`)),
      ],
      failedTests: hosts('fail'),
      status: fleet.status,
      rehearsal: fleet.rehearsal,
    },
  } satisfies Statement;
}
