import { z } from 'zod';

/** The file of the run directory with the comparison with earlier runs. */
export const COMPARISON_FILE = 'earlier-runs.json';

/** A run that COMPARE_WITH named, and what besides the candidate makes it another one. */
const earlierRun = z.object({
  directory: z.string(),
  /** Absent where the run could not be read. */
  startedAt: z.string().optional(),
  host: z.string().optional(),
  candidateVersion: z.string().optional(),
  candidateSha256: z.string().optional(),
  status: z.string().optional(),
  isCompared: z.boolean().describe('false for a run that does not verify; `notes` say why'),
  notes: z
    .array(z.string())
    .describe('what differs besides the candidate; empty for a run that is alike'),
});
export type EarlierRun = z.output<typeof earlierRun>;

const comparedFigure = z.object({
  name: z.string(),
  unit: z.string(),
  better: z.enum(['less', 'more']),
  value: z.number().optional().describe('of this run'),
  earlier: z
    .array(z.number().nullable())
    .describe('of each run of `runs` that is compared, in that order'),
  against: z.number().optional().describe('the middle one of those that it is held against'),
  ratio: z.number().optional().describe('value / against'),
  limit: z.number(),
  verdict: z.enum(['better', 'same', 'worse', 'too noisy to tell', 'no data']),
});
export type ComparedFigure = z.output<typeof comparedFigure>;

/** This run and earlier ones. */
export const comparison = z
  .object({
    runs: z.array(earlierRun).describe('by the time of their start, the first one first'),
    figures: z.array(comparedFigure),
    findings: z
      .object({
        against: z.string().describe('directory of the latest run that is compared'),
        new: z.array(z.string()),
        fixed: z.array(z.string()),
        same: z.array(z.string()),
        unknown: z
          .array(z.string())
          .describe('found in one of the two runs, and not judged in the other'),
      })
      .optional(),
  })
  .describe('COMPARE_WITH: this run against earlier ones');
export type Comparison = z.output<typeof comparison>;
