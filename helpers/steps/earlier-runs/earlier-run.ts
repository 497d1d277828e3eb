import { hash } from 'node:crypto';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { EarlierRun } from '../../evidence/comparison.ts';
import { MANIFEST_FILE, type Manifest, manifest } from '../../evidence/manifest.ts';
import { type RunRecord, runRecord } from '../../evidence/run-record.ts';
import { SUMMARY_FILE, summary } from '../../evidence/summary.ts';
import { CannotVerify, verifyRun } from '../../evidence/verify.ts';
import { readRegularBytes, readRegularFile } from '../../files/regular-file.ts';
import type { Knobs } from '../../settings/knobs.ts';
import { inOneLine } from '../../text/escaped-character.ts';
import type { RunEvidence } from './figures.ts';

/** Knobs that decide on what the agent is put to. */
const LOAD: readonly (keyof Knobs)[] = [
  ...(['DURATION_SECONDS', 'SETTLE_SECONDS', 'SOAK_RATE', 'WORKERS', 'ENFORCE_SIGNAL'] as const),
  ...(['SOAK_OPERATIONS', 'SOAK_OPERATION_RATE', 'SOAK_NET_WORKLOAD', 'SOAK_NET_RATE'] as const),
  ...(['SAMPLE_SECONDS', 'POLL_SECONDS', 'RINGBUF_BYTES', 'PROBE_DIR', 'SOAK_BLOCK_PATH'] as const),
  ...(['HEADROOM', 'HEADROOM_MAX_RATE', 'HEADROOM_STEP_SECONDS', 'CANDIDATE_POLICY'] as const),
  ...(['COST_BLOCKS', 'COST_BLOCK_MS', 'COST_RULES', 'COST_COMMAND', 'WORKLOAD_COMMAND'] as const),
];

/** An earlier run as it is told, and its evidence where it can be compared. */
export interface ReadRun {
  readonly told: EarlierRun;
  readonly evidence?: RunEvidence;
}

/** Text of a file of a sealed run, by its hash: what was put in its place meanwhile is not read. */
function sealedText(root: string, sealed: Manifest, name: string): string | undefined {
  const entry = sealed.files.find(({ path }) => path === name);
  if (entry === undefined) return undefined;
  const bytes = readRegularBytes(join(root, name));
  if (hash('sha256', bytes) !== entry.sha256)
    throw new Error(`${name} was changed while it was read`);
  return bytes.toString('utf8');
}

function sealedJson(root: string, sealed: Manifest, name: string): unknown {
  const text = sealedText(root, sealed, name);
  if (text === undefined) throw new Error(`it has no ${name}, so it did not end`);
  return JSON.parse(text);
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

/** What is not alike besides the candidate: a difference may come from that as well. */
function differences(own: RunRecord, other: RunRecord): string[] {
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

/** Why a run cannot be compared; undefined where every byte is as it was sealed. */
async function whyNotWhole(root: string): Promise<string | undefined> {
  try {
    const [first, ...more] = (await verifyRun(root)).problems;
    if (first === undefined) return undefined;
    return `it is not as it was sealed: ${first}${more.length > 0 ? `, and ${more.length} more` : ''}`;
  } catch (error) {
    if (error instanceof CannotVerify) return error.message;
    throw error;
  }
}

/**
 * Reads an earlier run, after every byte of it was looked at. Nothing is written there.
 * @param own the record of the run that it is compared with.
 */
export async function readEarlier(root: string, own: RunRecord): Promise<ReadRun> {
  const notCompared = (why: string): ReadRun => ({
    told: { directory: root, isCompared: false, notes: [why] },
  });
  const why = await whyNotWhole(root);
  if (why !== undefined) return notCompared(why);
  try {
    const sealed = manifest.parse(JSON.parse(readRegularFile(join(root, MANIFEST_FILE))));
    const run = runRecord.parse(sealedJson(root, sealed, 'run.json'));
    const { status, criteria } = summary.parse(sealedJson(root, sealed, SUMMARY_FILE));
    const told: EarlierRun = {
      ...{ directory: root, startedAt: run.startedAt, host: run.hostname, status },
      ...{ candidateVersion: run.candidateVersion, candidateSha256: run.candidateSha256 },
      ...{ isCompared: true, notes: differences(own, run) },
    };
    const records = new Map(criteria.map((record) => [record.id, record]));
    const text = (name: string) => sealedText(root, sealed, name);
    return { told, evidence: { run, records, text } };
  } catch (error) {
    return notCompared(`it cannot be read: ${inOneLine((error as Error).message)}`);
  }
}
