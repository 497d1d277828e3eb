import { accessSync, constants, lstatSync, realpathSync, statSync } from 'node:fs';
import { fail, type Judgement, pass } from '../criteria/judgement.ts';
import { replaceable } from '../files/trusted-path.ts';
import { RUN_MARK } from '../host/processes.ts';
import { variableOf } from '../settings/agent-environment.ts';
import type { Settings } from '../settings/settings.ts';
import type { Candidate } from './command.ts';

/**
 * The environment that the agent gets besides AGENT_ENVIRONMENT. Nothing of the operator's shell passes: a single
 * AEGIS_* variable can change the mode, the rules or the detection (docs/agent-contract.md §7).
 */
export function candidateEnvironment(settings: Settings, runId: string): Record<string, string> {
  const { AEGIS_BPF_OBJ, AEGIS_BPF_OBJ_HASH_PATH, HOST_ROOT, STAND_IN_FAULTS } = settings;
  return {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    LC_ALL: 'C',
    // Without it several commands exit 1 and say nothing (docs/agent-contract.md §1.1).
    AEGIS_OTEL_SPANS: '1',
    [RUN_MARK]: runId,
    ...(AEGIS_BPF_OBJ === undefined ? {} : { AEGIS_BPF_OBJ }),
    ...(AEGIS_BPF_OBJ_HASH_PATH === undefined ? {} : { AEGIS_BPF_OBJ_HASH_PATH }),
    ...(HOST_ROOT === '/' ? {} : { STAND_IN_ROOT: HOST_ROOT }),
    ...(STAND_IN_FAULTS === '' ? {} : { STAND_IN_FAULTS }),
  };
}

export function candidateOf(settings: Settings, runId: string): Candidate {
  return {
    executable: settings.AEGIS_BIN,
    environment: candidateEnvironment(settings, runId),
    ofProduction: Object.fromEntries((settings.AGENT_ENVIRONMENT ?? []).map(variableOf)),
    timeoutSeconds: settings.COMMAND_TIMEOUT_SECONDS,
  };
}

/** No fault, where the candidate of a rehearsal has some. */
export const NO_FAULT = 'none';

/**
 * The settings by which the version that production runs would be the candidate: with its own BPF object, for the candidate's would
 * not be what production runs. Undefined where none is named.
 */
export function previousSettings(settings: Settings): Settings | undefined {
  const { AEGIS_BIN_PREVIOUS: AEGIS_BIN, AEGIS_BPF_OBJ_PREVIOUS: AEGIS_BPF_OBJ } = settings;
  if (AEGIS_BIN === undefined) return undefined;
  const { STAND_IN_FAULTS: both, STAND_IN_PREVIOUS_FAULTS: own = both } = settings;
  const STAND_IN_FAULTS = own === NO_FAULT ? '' : own;
  const AEGIS_BPF_OBJ_HASH_PATH = undefined;
  return { ...settings, AEGIS_BIN, AEGIS_BPF_OBJ, AEGIS_BPF_OBJ_HASH_PATH, STAND_IN_FAULTS };
}

/** The version that production runs, as a program to call. */
export function previousOf(settings: Settings, runId: string): Candidate | undefined {
  const previous = previousSettings(settings);
  return previous === undefined ? undefined : candidateOf(previous, runId);
}

/** A program that is run as root, by the knob that names it. */
const PROGRAMS = { AEGIS_BIN: 'candidate', AEGIS_BIN_PREVIOUS: 'previous version' } as const;

/** Judges that the candidate is there, is a program, and is nobody else's to change; or that the previous version is. */
export function judgeCandidateFile(
  path: string,
  knob: keyof typeof PROGRAMS = 'AEGIS_BIN',
): Judgement {
  const what = PROGRAMS[knob];
  const measured = { value: path, source: knob };
  const refused = (why: string) => fail(why, measured);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) {
    const why =
      lstatSync(path, { throwIfNoEntry: false }) === undefined
        ? 'there is no such file'
        : 'it is a symbolic link that leads nowhere';
    return refused(
      `the ${what} binary ${path} cannot be run: ${why}; build it, or name another with ${knob}`,
    );
  }
  if (!stat.isFile()) return refused(`the ${what} ${path} is not a regular file`);
  try {
    accessSync(path, constants.X_OK);
  } catch {
    return refused(`the ${what} ${path} is not executable; \`chmod +x\` it`);
  }
  const real = realpathSync(path);
  if ((stat.mode & 0o002) !== 0) {
    return refused(
      `the ${what} ${real} can be written by anybody, and we would run it as root; \`chmod o-w\` it`,
    );
  }
  const why = replaceable(path);
  if (why !== undefined) {
    return refused(
      `others can replace the ${what}, and we would run it as root: ${why}; move the binary elsewhere`,
    );
  }
  return pass(`${real}, ${stat.size} bytes`, { ...measured, value: real });
}
