import { accessSync, constants, lstatSync, realpathSync, statSync } from 'node:fs';
import { fail, type Judgement, pass } from '../criteria/judgement.ts';
import { RUN_MARK } from '../host/processes.ts';
import { replaceable } from '../host/trusted-path.ts';
import type { Settings } from '../settings/settings.ts';
import type { Candidate } from './command.ts';

/**
 * The only environment that the agent gets. Nothing of the operator's shell passes: a single
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
    timeoutSeconds: settings.COMMAND_TIMEOUT_SECONDS,
  };
}

/** Judges that the candidate is there, is a program, and is nobody else's to change. */
export function judgeCandidateFile(path: string): Judgement {
  const measured = { value: path, source: 'AEGIS_BIN' };
  const refused = (why: string) => fail(why, measured);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) {
    const why =
      lstatSync(path, { throwIfNoEntry: false }) === undefined
        ? 'there is no such file'
        : 'it is a symbolic link that leads nowhere';
    return refused(
      `the candidate binary ${path} cannot be run: ${why}; build it, or name another with AEGIS_BIN`,
    );
  }
  if (!stat.isFile()) return refused(`the candidate ${path} is not a regular file`);
  try {
    accessSync(path, constants.X_OK);
  } catch {
    return refused(`the candidate ${path} is not executable; \`chmod +x\` it`);
  }
  const real = realpathSync(path);
  if ((stat.mode & 0o002) !== 0) {
    return refused(
      `the candidate ${real} can be written by anybody, and we would run it as root; \`chmod o-w\` it`,
    );
  }
  const why = replaceable(path);
  if (why !== undefined) {
    return refused(
      `others can replace the candidate, and we would run it as root: ${why}; move the binary elsewhere`,
    );
  }
  return pass(`${real}, ${stat.size} bytes`, { ...measured, value: real });
}
