import { z } from 'zod';
import { fail, type Judgement, noEvidence, pass } from '../criteria/judgement.ts';

/**
 * Programs by what decides whether one is verified (docs/agent-contract.md §6.11): root's, closed to others, with fs-verity,
 * below `/usr/`. Each but the first lacks one of these.
 */
const PROGRAMS = {
  verified: "a verified program: root's, closed to others, with fs-verity, below /usr",
  'no-verity': 'a program without fs-verity',
  writable: 'a program that its group may write',
  'not-root': "a program that is not root's",
  elsewhere: 'a program that is not below /usr',
} as const;
export type Program = keyof typeof PROGRAMS;
export const programs = Object.keys(PROGRAMS) as readonly Program[];

/** How a program that was to read a file ended. */
const ending = z.object({ exitCode: z.int().nullable(), said: z.string() });
export type Ending = z.output<typeof ending>;

/** What came of it: each program read a file without a rule, and then the protected one. */
export const triedPrograms = z.union([
  z.object({
    programs: z.array(z.object({ program: z.enum(programs), free: ending, protected: ending })),
  }),
  /** In words why this host can verify no program. */
  z.object({ impossible: z.string() }),
]);
export type TriedPrograms = z.output<typeof triedPrograms>;

/** What the process that makes them is told. */
export interface ProgramsOrder {
  /** Of ours, on the filesystem of PROBE_DIR. */
  readonly directory: string;
  readonly free: string;
  readonly protected: string;
}

type Tried = Exclude<TriedPrograms, { impossible: string }>['programs'];

/** EPERM, as cat(1) words it in the C locale: another refusal is not the agent's. */
const isDenied = ({ exitCode, said }: Ending) =>
  exitCode !== 0 && said.includes('Operation not permitted');
const howIt = ({ exitCode, said }: Ending) =>
  `${exitCode === null ? 'was ended by a signal' : `exited with ${exitCode}`}: ${said.trim()}`;

/** True where the program that must be spared was denied. */
export const isVerifiedDenied = (tried: Tried): boolean =>
  tried.some((one) => one.program === 'verified' && isDenied(one.protected));

/**
 * Whether no other program than a verified one reads what is protected.
 * @throws JudgementError (inconclusive) where a program ended otherwise than by being denied.
 */
export function judgePrograms(tried: Tried, source: string): Judgement {
  for (const { program, free, protected: guarded } of tried)
    for (const [file, one] of [
      ['a file without a rule', free],
      ['the protected file', guarded],
    ] as const)
      if (one.exitCode !== 0 && (one === free || !isDenied(one)))
        throw noEvidence(
          `${PROGRAMS[program]} was to read ${file}, and ${howIt(one)}; nothing shows what the agent would do`,
          { source },
        );
  const through = tried.filter((one) => one.program !== 'verified' && one.protected.exitCode === 0);
  const measured = {
    ...{ value: through.length, limit: 0, unit: 'programs let through', source },
  };
  return through.length === 0
    ? pass(
        `a verified program read the protected file; ${tried.length - 1} others, each of which lacks one thing, were denied`,
        measured,
      )
    : fail(
        `${through.map(({ program }) => PROGRAMS[program]).join(', and ')} read what [protect_path] keeps for verified programs`,
        measured,
      );
}
