import { parse } from 'yaml';
import { z } from 'zod';
import { readRegularFile } from '../files/regular-file.ts';
import { issuesText } from '../text/zod-words.ts';

/** Policies that the agent must refuse; accepting one is a finding of its own name. */
const REFUSED_POLICIES = [
  'unknown section',
  'bad version',
  'version of the future',
  'nonexistent path',
  'wrong sha256',
  'unreadable',
  'world-writable',
  'truncated',
  'huge',
  'binary garbage',
  'unsigned',
  'unsigned by canary',
  'signed by a stranger',
  'altered after signing',
  'expired',
  'older than the last signed one',
] as const;
export type RefusedPolicy = (typeof REFUSED_POLICIES)[number];

/** The finding that the agent accepts this policy. */
export const acceptedPolicy = (name: RefusedPolicy) =>
  `policy-accepted-${name.replaceAll(' ', '-')}` as const;

const NAMED = [
  'accepted-peer',
  'address-without-family',
  'applies-together',
  'apply-killed-half-applied',
  'arguments-hidden',
  'capacity-told-wrongly',
  'control-socket-leaks',
  'ended-processes-kept',
  'ended-programs-kept',
  'ended-threads-kept',
  'event-not-utf8',
  'events-held-back',
  'execveat-not-told',
  'layout-mismatch',
  'living-processes-forgotten',
  'misnamed-tcp-send',
  'name-hidden-by-long-path',
  'ocsf-process-time',
  'ocsf-required-fields',
  'policy-export-loses-rules',
  'refused-after-rollback',
  'refused-policy-pauses-enforcement',
  'refused-policy-resets-counters',
  'rollback-record',
  'short-ipv6-address',
  'signed-policy-keeps-rules',
  'survival-list-under-unit',
  'truncate-by-path',
  'truncate-through-overlay',
  'ttl-list-readable',
  'ttl-outlives-its-file',
  'ttl-takes-permanent-rule',
  'unit-audits',
  'unit-does-not-start',
  'unit-ends-agent',
  'unit-hides-fields',
  'unit-makes-no-pins',
  'unit-not-at-boot',
  'unit-opens-gate',
  'unit-stays-down',
  'unit-takes-unsigned',
  'unit-without-policy',
  'v4-mapped-address',
  'verified-program-denied',
] as const;

/** A finding that somebody may accept by name. */
export type Defect = (typeof NAMED)[number] | ReturnType<typeof acceptedPolicy>;

/** Another name would accept nothing, and nobody would notice. */
const DEFECTS: readonly string[] = [...NAMED, ...REFUSED_POLICIES.map(acceptedPolicy)];

/** KNOWN_DEFECTS: defects of the agent that somebody accepted until a date, by the finding's id. */
const knownDefects = z.array(
  z.object({
    defect: z.string().refine((name) => DEFECTS.includes(name), {
      error: ({ input }) =>
        `no finding is called ${JSON.stringify(input)}; there are ${DEFECTS.join(', ')}`,
    }),
    acceptedBy: z.string().trim().min(1),
    reason: z.string().trim().min(1),
    /** Last day on which the acceptance holds, YYYY-MM-DD. */
    until: z.iso.date(),
  }),
);

export type KnownDefects = z.output<typeof knownDefects>;

/** @throws Error in one line when the file cannot be used. */
export function readKnownDefects(path: string): KnownDefects {
  try {
    return knownDefects.parse(parse(readRegularFile(path)));
  } catch (error) {
    const why = error instanceof z.ZodError ? issuesText(error) : (error as Error).message;
    throw new Error(
      `cannot be used (a YAML list of defect, acceptedBy, reason, until: YYYY-MM-DD): ${why.replaceAll(/\s*\n\s*/g, ' ')}`,
    );
  }
}
