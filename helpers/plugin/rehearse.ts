import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dirSync, setGracefulCleanup } from 'tmp';
import { RunDirectory } from '../evidence/run-directory.ts';
import { SUMMARY_FILE, type Summary, summary } from '../evidence/summary.ts';
import { startProgram } from '../host/program.ts';

const COMMAND = fileURLToPath(new URL('../run/command.ts', import.meta.url));
/** All phases take three minutes on an idle machine. */
const TIMEOUT_MS = 30 * 60_000;
/** Of what it printed, where it did not begin. */
const KEPT_CHARACTERS = 4000;

/** What is rehearsed. */
export interface Rehearsal {
  /** What is wrong with the stand-in agent, by names of its README (`drops-burst=2`); nothing where absent. */
  readonly faults?: string | readonly string[];
  /** Knobs besides those of every rehearsal: `{ PHASE: 'audit' }`. */
  readonly knobs?: Readonly<Record<string, string>>;
}

/** How a rehearsal ended. */
export interface Rehearsed {
  /** 0: all passed; 1: something failed; 3: nothing failed, and something is inconclusive. */
  readonly exitCode: number | undefined;
  /** summary.json: status, and every criterion with its verdict and explanation. */
  readonly summary: Summary;
  /** The run directory; it is removed when the process ends. */
  readonly directory: string;
  /** What it printed. */
  readonly output: string;
  /** The verdict of a criterion, of the runbook or of yours; undefined where the run has none. */
  verdictOf(id: string): Summary['criteria'][number]['verdict'] | undefined;
}

/**
 * Runs the whole canary of the working directory, your own specs among it, against the stand-in agent on a played host, in a
 * world of its own: for tests of your checks. It needs root, and takes 20 s for PHASE=audit.
 * @throws Error with what it printed when it could not begin: not root, an unknown fault, a wrong knob.
 */
export async function rehearse({ faults = [], knobs = {} }: Rehearsal = {}): Promise<Rehearsed> {
  setGracefulCleanup();
  const outDir = dirSync({ prefix: 'aegisbpf-rehearsed', unsafeCleanup: true }).name;
  const named = [faults].flat().join(',');
  const program = startProgram(process.execPath, [COMMAND, 'rehearse'], {
    env: {
      ...{ PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: process.env.HOME ?? '/root' },
      ...{ NO_COLOR: '1', CI: '1', ...(named === '' ? {} : { STAND_IN_FAULTS: named }) },
      ...knobs,
      OUT_DIR: outDir,
    },
    timeoutMs: TIMEOUT_MS,
  });
  const { exitCode, stdout, stderr, notStarted } = await program.ended;
  const output = `${stdout.toString('utf8')}${stderr}${notStarted?.message ?? ''}`;
  const [run] = readdirSync(outDir);
  const directory = new RunDirectory(join(outDir, run ?? ''));
  if (run === undefined || !directory.has(SUMMARY_FILE))
    throw new Error(`the rehearsal did not begin: ${output.trim().slice(-KEPT_CHARACTERS)}`);
  const judged = directory.readJson(SUMMARY_FILE, summary);
  const verdictOf = (id: string) => judged.criteria.find((one) => one.id === id)?.verdict;
  return { exitCode, summary: judged, directory: directory.path, output, verdictOf };
}
