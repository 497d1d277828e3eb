import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { EarlierRun } from '../../evidence/comparison.ts';
import type { RunRecord } from '../../evidence/run-record.ts';
import { readSealed } from '../../evidence/sealed-run.ts';
import type { Knobs } from '../../settings/knobs.ts';
import type { RunEvidence } from './figures.ts';

/** Knobs that decide on what the agent is put to. */
const LOAD: readonly (keyof Knobs)[] = [
  ...(['DURATION_SECONDS', 'SETTLE_SECONDS', 'SOAK_RATE', 'WORKERS', 'ENFORCE_SIGNAL'] as const),
  ...(['SOAK_OPERATIONS', 'SOAK_OPERATION_RATE', 'SOAK_NET_WORKLOAD', 'SOAK_NET_RATE'] as const),
  ...(['SAMPLE_SECONDS', 'POLL_SECONDS', 'RINGBUF_BYTES', 'PROBE_DIR', 'SOAK_BLOCK_PATH'] as const),
  ...(['HEADROOM', 'HEADROOM_MAX_RATE', 'HEADROOM_STEP_SECONDS', 'CANDIDATE_POLICY'] as const),
  ...(['COST_BLOCKS', 'COST_BLOCK_MS', 'COST_RULES', 'COST_COMMAND', 'WORKLOAD_COMMAND'] as const),
  ...(['WORKLOAD_UNIT', 'AGENT_OPTIONS', 'AGENT_ENVIRONMENT'] as const),
];

/** An earlier run as it is told, and its evidence where it can be compared. */
export interface ReadRun {
  readonly told: EarlierRun;
  readonly evidence?: RunEvidence;
}

/** Every setting of the two hosts that differs; of a run that kept none only what each run keeps. */
function hostNotes(own: RunRecord, other: RunRecord): string[] {
  const notes: string[] = [];
  if (own.hostname !== other.hostname) notes.push(`another host: ${other.hostname}`);
  const [here, there] = [own.hostProfile, other.hostProfile];
  if (here === undefined || there === undefined)
    return [
      ...notes,
      'it did not keep the profile of its host, so nobody knows whether that is alike',
    ];
  const names = [...new Set([...Object.keys(here), ...Object.keys(there)])];
  const differ = names.filter((name) => here[name] !== there[name]);
  return [
    ...notes,
    ...differ.map(
      (name) => `${name}: ${there[name] ?? 'not read'}, here ${here[name] ?? 'not read'}`,
    ),
  ];
}

const valueText = (value: unknown) =>
  value === undefined ? 'not set' : typeof value === 'string' ? value : JSON.stringify(value);

/** By name and content, wherever they lie. */
const workloadsOf = ({ ownWorkloads = [] }: RunRecord) =>
  ownWorkloads.map(({ name, sha256 }) => [name, sha256]);

/** The same path is no same policy: each run keeps the bytes that it applied. */
export function policyNotes(own: RunEvidence, other: RunEvidence): string[] {
  const [here, there] = [own, other].map(({ run, text }) => {
    const { CANDIDATE_POLICY: path } = run.settings;
    return typeof path === 'string' ? text(`operator/CANDIDATE_POLICY/${basename(path)}`) : '';
  });
  // Another name is told as a knob is.
  const isNamedAlike = own.run.settings.CANDIDATE_POLICY === other.run.settings.CANDIDATE_POLICY;
  if (!isNamedAlike || (here === there && here !== undefined)) return [];
  return here === undefined || there === undefined
    ? ['CANDIDATE_POLICY: one of the two did not keep it, so nobody knows whether it is alike']
    : ['CANDIDATE_POLICY: another content'];
}

/** What is not alike besides the candidate: a difference may come from that as well. */
export function differences(own: RunRecord, other: RunRecord): string[] {
  const unlike = LOAD.filter(
    (name) => !isDeepStrictEqual(own.settings[name], other.settings[name]),
  );
  return [
    ...(own.rehearsal.length > 0 === other.rehearsal.length > 0
      ? []
      : [other.rehearsal.length > 0 ? 'a rehearsal' : 'no rehearsal']),
    ...(isDeepStrictEqual(own.suite, other.suite)
      ? []
      : [
          `another suite: ${other.suite?.version ?? 'unknown'}, ${other.suite?.sha256 ?? 'unknown'}`,
        ]),
    ...(isDeepStrictEqual(workloadsOf(own), workloadsOf(other)) ? [] : ['other own workloads']),
    ...(isDeepStrictEqual(own.asked, other.asked)
      ? []
      : [`other phases: ${other.asked.join(', ') || 'none'}`]),
    ...[own, other].flatMap((run, at) =>
      run.parts === undefined
        ? []
        : [`${at === 0 ? 'this run' : 'it'} is ${run.parts.length} runs put together`],
    ),
    ...hostNotes(own, other),
    ...unlike.map(
      (name) => `${name}=${valueText(other.settings[name])}, here ${valueText(own.settings[name])}`,
    ),
  ];
}

/**
 * Reads an earlier run, after every byte of it was looked at. Nothing is written there.
 * @param own the run that it is compared with.
 */
export async function readEarlier(root: string, own: RunEvidence): Promise<ReadRun> {
  const state = await readSealed(root);
  if (!state.ok) return { told: { directory: root, isCompared: false, notes: [state.why] } };
  const { run, summary, text } = state.run;
  const records = new Map(summary.criteria.map((record) => [record.id, record]));
  const evidence = { run, records, text };
  const told: EarlierRun = {
    ...{ directory: root, startedAt: run.startedAt, host: run.hostname, status: summary.status },
    ...{ candidateVersion: run.candidateVersion, candidateSha256: run.candidateSha256 },
    ...{ isCompared: true, notes: [...differences(own.run, run), ...policyNotes(own, evidence)] },
  };
  return { told, evidence };
}
