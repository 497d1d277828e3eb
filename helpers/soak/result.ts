import { z } from 'zod';
import { attemptCounts } from '../workload/attempt-counts.ts';
import { openLatency } from '../workload/latency-schemas.ts';
import { trend } from './trend.ts';

const delta = z.discriminatedUnion('known', [
  z.object({ known: z.literal(true), value: z.number(), source: z.string() }),
  z.object({ known: z.literal(false), reason: z.string(), source: z.string() }),
]);

const resourceLevel = z.object({
  highest: z.number().int().optional(),
  trend: trend.optional(),
});

export type ResourceLevel = z.output<typeof resourceLevel>;

/** What is read of the agent in each sample, and may not be readable, each by itself. */
const READINGS = ['memory', 'cpu', 'descriptors', 'threads', 'locked', 'written', 'files'] as const;
export type Reading = (typeof READINGS)[number];

const unread = z.partialRecord(z.enum(READINGS), z.number().int());

/** Work beside the main one by many routes, with an accounting of its own. */
const sideResult = z.object({
  target: z.string(),
  attempts: attemptCounts,
  /** Routes that this host or version cannot take, and those that this start does not have though they are promised. */
  notRun: z.array(z.string()).default([]),
  missing: z.array(z.string()).default([]),
  /** The kernel's own count on its inode or port. */
  decisions: delta,
  /** Event lines by our own processes, by others, and how many of those may be on either side of the count. */
  lines: z.number().int(),
  linesByRoute: z.record(z.string(), z.number().int()).default({}),
  strangerLines: z.number().int().default(0),
  strangerLinesAtEdges: z.number().int().default(0),
  linesByAction: z.record(z.string(), z.number().int()),
});

export type SideResult = z.output<typeof sideResult>;

/** The event lines on one thing of ours, compared with what we know of ourselves. */
const witness = z.object({
  /** What was worked on, and how an event names it. */
  subject: z.string(),
  named: z.string(),
  /** Lines that were compared, and lines of processes that ended before they could be looked at. */
  examined: z.number().int(),
  unknown: z.number().int(),
  /** In how many of them each field was compared, and in how many it was left out or unknown. */
  fields: z.array(
    z.object({ field: z.string(), told: z.number().int(), untold: z.number().int() }),
  ),
  wrong: z.array(
    z.object({
      field: z.string(),
      expected: z.string(),
      told: z.string(),
      lines: z.number().int(),
      sample: z.string(),
    }),
  ),
  /** Attempts without a line, and the lines of our processes that name something else. */
  missing: z.number().int(),
  misnamed: z.array(z.object({ told: z.string(), lines: z.number().int(), sample: z.string() })),
});

export type Witness = z.output<typeof witness>;

/** What a counter may tell of a soak: our own attempts, and what else is counted there. */
const counterCheck = z.object({
  counter: z.string(),
  told: delta,
  /** Attempts of ours that must be counted there, and those that may be. */
  least: z.number().int(),
  most: z.number().int(),
  /** Decisions of others by their event lines, and dropped lines: each may be counted there as well. */
  others: z.number().int(),
});

export type CounterCheck = z.output<typeof counterCheck>;

/** One reading that must lie between two others that were taken before and after it. */
const readingCheck = z.object({
  what: z.string(),
  told: z.number().optional(),
  least: z.number().optional(),
  most: z.number().optional(),
  between: z.string(),
});

export type ReadingCheck = z.output<typeof readingCheck>;

/** `soak.json`: everything the thresholds are judged from. */
export const soakResult = z.object({
  mode: z.enum(['audit', 'enforce']),
  enforceSignal: z.enum(['term', 'kill', 'int', 'none']),
  startedAt: z.string(),
  endedAt: z.string(),
  askedSeconds: z.number(),
  /** By the monotonic clock, which stands still while the host sleeps. */
  measuredSeconds: z.number(),
  /** By the wall clock. */
  wallSeconds: z.number(),
  /** By the boot-time clock, which goes on while the host sleeps. */
  bootSeconds: z.number(),
  endedEarly: z.string().optional(),
  attempts: attemptCounts,
  /** Of each worker over the time in which it made its attempts, all together. */
  attemptsPerSecond: z.number().optional(),
  /** Of the workers' opens, in µs; absent where programs were run for them. */
  openLatencyUs: openLatency.optional(),
  /** Other routes to a denied file, and calls on sockets; absent where they were not asked for. */
  operations: sideResult.optional(),
  network: sideResult.optional(),
  /** What the agent says of its connect hook at start. */
  connectHook: z.boolean().optional(),
  askedRate: z.number(),
  workers: z.number().int(),
  victims: z.object({
    run: z.number().int(),
    /** Ended by the enforce signal. */
    signalled: z.number().int(),
    /** Read the file and lived. */
    read: z.number().int(),
    /** Denied without being ended by a signal. */
    denied: z.number().int(),
    other: z.array(z.string()),
  }),
  decisions: delta,
  drops: delta,
  ownDecisions: delta,
  /** Event lines on the soak file by our own processes, and by others. */
  ownEventLines: z.number().int(),
  strangerEventLines: z.number().int(),
  /** Of those of others, how many may be on either side of the count. */
  strangerLinesAtEdges: z.number().int().default(0),
  linesByAction: z.record(z.string(), z.number().int()),
  hostDecisions: z.number().int(),
  rss: z.object({
    baselineKb: z.number().optional(),
    maxKb: z.number().optional(),
    lastKb: z.number().optional(),
    samples: z.number().int(),
    /** In words: the file it was read from, and whether the kernel only estimates it. */
    source: z.string().optional(),
    trend: trend.optional(),
  }),
  /** What the agent's process took besides memory, by the samples of /proc. */
  resources: z
    .object({
      /** Samples in which a figure could not be read while the agent ran; runs of before told one number for all. */
      unread: unread.or(z.number().int()),
      /** User and system time, from the first reading to the last. */
      cpuSeconds: delta,
      /** Of it the system time; runs of before did not tell it apart. */
      cpuSystemSeconds: z.number().optional(),
      overSeconds: z.number(),
      descriptors: resourceLevel,
      threads: resourceLevel,
      childProcesses: resourceLevel,
      /** Of the percent of one core between one sample and the next, and of KiB an hour that it logs and has written to disk. */
      cpuTrend: trend.optional(),
      writtenTrend: trend.optional(),
      /** Its own files, in KiB. */
      files: resourceLevel.optional(),
      /** Percent of one core between one sample and the next, in 95 of 100 of so many at most. */
      cpuP95: z.object({ percent: z.number(), of: z.number().int() }).optional(),
      /** KiB; and the BPF maps that the agent held at last, of how many of them the kernel told the size, and what of per-CPU maps does not count. */
      locked: resourceLevel.optional(),
      lockedMaps: z
        .object({
          held: z.number().int(),
          told: z.number().int(),
          leftOutKb: z.number().optional(),
        })
        .optional(),
    })
    .optional(),
  /** CPU of the settled agent before the soak began, in percent of one core, of the time in which it need not wait for one. */
  idleCpuPercent: z.number().optional(),
  /** What it logged and wrote to disk from the beginning of the soak to its end. */
  written: z.object({ bytes: z.number(), seconds: z.number() }).optional(),
  /** From its start to "Agent started". */
  readyMs: z.number().optional(),
  samples: z.object({
    taken: z.number().int(),
    /** Taken, but more than half an interval after their time. */
    late: z.number().int().default(0),
    failed: z.number().int(),
    /** The pace at which they were due. */
    everySeconds: z.number().optional(),
    source: z.string(),
    lastError: z.string().optional(),
    decreased: z.string().optional(),
  }),
  telemetryDrops: z.number().optional(),
  agent: z.object({
    alive: z.boolean(),
    pid: z.number().int(),
    /** How often it said that it started; with the same pid and start time, that is all that tells. */
    starts: z.number().int().default(1),
    exit: z.string().optional(),
    diedAfterSeconds: z.number().optional(),
  }),
  otherInstance: z.string().optional(),
  /** Event lines that were counted and not stored on disk. */
  linesNotStored: z.number().int().default(0),
  witnesses: z.array(witness).default([]),
  /** The lines of the start of our workers and their programs; an agent need not write any. */
  execLines: witness.optional(),
  counters: z.array(counterCheck).default([]),
  readings: z.array(readingCheck).default([]),
  stateChanges: z.array(z.string()),
  errors: z.array(z.string()),
  streamDefects: z.object({
    notJson: z.number().int(),
    invalid: z.number().int(),
    oversized: z.number().int(),
    samples: z.array(z.string()),
  }),
});

export type SoakResult = z.output<typeof soakResult>;
