import { z } from 'zod';

const delta = z.discriminatedUnion('known', [
  z.object({ known: z.literal(true), value: z.number(), source: z.string() }),
  z.object({ known: z.literal(false), reason: z.string(), source: z.string() }),
]);

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
  attempts: z.object({
    attempts: z.number().int(),
    allowed: z.number().int(),
    eperm: z.number().int(),
    otherErrno: z.record(z.string(), z.number().int()),
    signals: z.number().int(),
    skipped: z.number().int(),
  }),
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
  linesByAction: z.record(z.string(), z.number().int()),
  hostDecisions: z.number().int(),
  rss: z.object({
    baselineKb: z.number().optional(),
    maxKb: z.number().optional(),
    lastKb: z.number().optional(),
    samples: z.number().int(),
  }),
  samples: z.object({
    taken: z.number().int(),
    failed: z.number().int(),
    source: z.string(),
    lastError: z.string().optional(),
    decreased: z.string().optional(),
  }),
  telemetryDrops: z.number().optional(),
  agent: z.object({
    alive: z.boolean(),
    pid: z.number().int(),
    exit: z.string().optional(),
    diedAfterSeconds: z.number().optional(),
  }),
  otherInstance: z.string().optional(),
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
