import { z } from 'zod';
import type { PieceName } from './pieces.ts';
import { times } from './slice.ts';

/** What the working process is told when it is started. */
export interface WorkOrder {
  /** A file that no rule names. */
  readonly free: string;
  /** A file with a deny rule. */
  readonly denied: string;
}

/** What it is asked; it does one thing at a time. */
export type WorkRequest =
  | { readonly ask: 'slice'; readonly piece: PieceName; readonly ms: number }
  | { readonly ask: 'denied' }
  /** Opens of the free file and of another one, which is denied; and as many looks at the free file. */
  | {
      readonly ask: 'opens';
      readonly denied: string;
      readonly opens: number;
      readonly denials: number;
    }
  /** Opens of the denied file at a pace. */
  | { readonly ask: 'paced'; readonly ms: number; readonly perSecond: number }
  | { readonly ask: 'command'; readonly command: readonly string[]; readonly timeoutMs: number };

/** What it answers. */
export const workAnswer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('up') }),
  z.object({ kind: z.literal('slice'), times }),
  z.object({ kind: z.literal('opens'), free: times, denied: times, stat: times }),
  z.object({ kind: z.literal('refused'), call: z.string(), errno: z.string() }),
  z.object({ kind: z.literal('opened') }),
  z.object({
    kind: z.literal('paced'),
    opens: z.int().positive(),
    denied: z.int(),
    /** From the first to the last. */
    ms: z.number(),
    /** Of each, in µs. */
    p50: z.number(),
  }),
  /** `exit 0`, or what else became of it, in words behind its name. */
  z.object({ kind: z.literal('command'), ms: z.number(), end: z.string() }),
]);
export type WorkAnswer = z.output<typeof workAnswer>;
