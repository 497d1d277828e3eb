import { z } from 'zod';
import { PHASES } from '../settings/settings.ts';
import { issuesText } from '../text/zod-words.ts';
import type { RunDirectory } from './run-directory.ts';

/** A file that the verdict is about, with its SHA-256 as it was when the run began. */
export const hashedFile = z.object({
  path: z.string(),
  sha256: z.string(),
  bytes: z.int().optional(),
});
export type HashedFile = z.output<typeof hashedFile>;

export const suiteRecord = z.object({ version: z.string(), sha256: z.string(), node: z.string() });

/** `run.json`: what was asked for, of what, and where. Written before the first step. */
export const runRecord = z.object({
  runId: z.string(),
  runDirectory: z.string(),
  /** Why this run is a rehearsal; empty for a real one. */
  rehearsal: z.array(z.string()).readonly(),
  rejudge: z.boolean(),
  asked: z.array(z.enum(PHASES)).readonly(),
  candidatePath: z.string(),
  candidateSha256: z.string().optional(),
  /** What `aegisbpf version` said; absent when it said nothing that can be read. */
  candidateVersion: z.string().optional(),
  /** BPF objects that the candidate may load: the named one, or those on its own search path. */
  bpfObjects: z.array(hashedFile).optional(),
  startedAt: z.string(),
  hostname: z.string(),
  kernel: z.object({ value: z.string().optional() }),
  /** PRETTY_NAME of os-release(5). */
  distribution: z.string().optional(),
  /** What of the host decides on an agent's figures, by name, as it was when the run began. */
  hostProfile: z.record(z.string(), z.string()).optional(),
  /** Which suite judged: the version of its package, the hash of its sources, and the Node that ran it. */
  suite: suiteRecord.optional(),
  /** Specs of a team's own that judged beside it; some of them during a soak. */
  ownSpecs: z.array(hashedFile.extend({ during: z.string().optional() })).optional(),
  /** Workloads of a team's own that went on beside the agent, and the modules that export them. */
  ownWorkloads: z.array(hashedFile.extend({ name: z.string() })).optional(),
  /** Which suite judged its exit criteria since. */
  judgedAgainBy: suiteRecord.optional(),
  /** Number of the newest message in the kernel's log, before the candidate was first run. */
  newestKernelMessage: z
    .object({ value: z.number().optional(), reason: z.string().optional() })
    .optional(),
  settings: z.record(z.string(), z.unknown()),
  /** Of each knob that was set: `environment`, or its place in the configuration file. */
  setBy: z.record(z.string(), z.string()).optional(),
  /** The configuration file, of which `operator/CANARY_CONFIG/` has a copy, and the profile that was chosen of it. */
  configuration: hashedFile.extend({ profile: z.string().optional() }).optional(),
  /** Of runs that count together: which they were. */
  parts: z
    .array(
      z.object({
        runDirectory: z.string(),
        runId: z.string(),
        asked: z.array(z.string()).readonly(),
        startedAt: z.string(),
        hostname: z.string(),
        kernel: z.string(),
        suite: suiteRecord.optional(),
      }),
    )
    .optional(),
});

export type RunRecord = z.output<typeof runRecord>;

/** `run.json` is there, and is not what a run writes. */
export class UnreadableRun extends Error {}

/**
 * The run's own record; undefined when the run did not begin.
 * @throws UnreadableRun when the file is there and cannot be read as one.
 */
export function readRunRecord(run: RunDirectory): RunRecord | undefined {
  if (!run.has('run.json')) return undefined;
  try {
    return run.readJson('run.json', runRecord);
  } catch (error) {
    const why = error instanceof z.ZodError ? issuesText(error) : (error as Error).message;
    throw new UnreadableRun(`${run.file('run.json')} is not what a run writes: ${why}`);
  }
}
