import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { COMPILE_CACHE } from '../files/compile-cache.mjs';
import { besideUnit, dropInsBeside } from '../settings/agent-unit.ts';
import { knobNames, readSettings, SettingsError, withConfiguration } from '../settings/settings.ts';
import type { Accelerator } from './qemu-arguments.ts';

/** Where things are in the guest; the job disk is mounted at /job. */
export const GUEST = { project: '/job/project', carried: '/job/carried', out: '/job/out' } as const;

/** Knobs that name a file on this machine; each file is carried in. */
const CARRIED = [
  'AEGIS_BIN',
  'AEGIS_BPF_OBJ',
  'AEGIS_BPF_OBJ_HASH_PATH',
  'AEGIS_BIN_PREVIOUS',
  'AEGIS_BPF_OBJ_PREVIOUS',
  'SIGNING_KEY',
  'CANDIDATE_POLICY',
  'AGENT_UNIT',
  'PRODUCTION_PROFILE',
  'KNOWN_DEFECTS',
  'KNOWN_EVENTS',
] as const;

/** Knobs that name a place of this machine and mean nothing in the guest. */
const HOST_ONLY = ['HOST_ROOT', 'CANARY_RUN', 'COMPARE_WITH'] as const;

/** The agent looks for the object's hash beside it: aegis.bpf.o → aegis.bpf.sha256. */
const sidecarOf = (object: string) => object.replace(/\.o$/, '.sha256');

export interface GuestEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  /** Each to its path below the job disk's `carried` folder. */
  readonly files: readonly { readonly from: string; readonly to: string }[];
  /** True with the stand-in agent. */
  readonly rehearsal: boolean;
}

/** Everything wrong with the knobs, before anything is started. @param directory as `readSettings` has it. */
export function knobProblems(typed: NodeJS.ProcessEnv, directory?: string): string[] {
  const problems: string[] = [];
  const environment = withConfiguration(typed, directory);
  try {
    readSettings(typed, directory);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    problems.push(...error.problems);
  }
  for (const name of CARRIED) {
    const value = environment[name];
    if (value && !existsSync(value)) problems.push(`${name}=${value}: there is no such file`);
  }
  for (const name of HOST_ONLY) {
    if (environment[name] && environment[name] !== '/')
      problems.push(`${name}=${environment[name]}: the VM is the host; leave it unset`);
  }
  return problems;
}

/** Times in emulation say little: the published agent was ready after 5 to 23 s. */
const EMULATED = {
  ...{ MAX_READY_MS: '60000', MAX_STOP_MS: '30000' },
  ...{ MAX_RESTART_GAP_MS: '120000', MAX_APPLY_PAUSE_MS: '60000' },
};

/** What a rehearsal sets unless the operator does. */
function rehearsalDefaults(
  environment: NodeJS.ProcessEnv,
  accelerator: Accelerator,
): Record<string, string> {
  const judged = environment.PRODUCTION_PROFILE || environment.ATTEST_PRODUCTION_MATCH;
  return {
    AEGIS_BIN: `${GUEST.project}/fixtures/stand-in/aegisbpf`,
    AEGIS_BIN_PREVIOUS: `${GUEST.project}/fixtures/stand-in/aegisbpf-previous`,
    // All phases take five minutes in software emulation; the audit phase takes one and a half.
    ...(accelerator === 'kvm' ? {} : { PHASE: 'audit' }),
    // Light enough for an emulated processor: 500 attempts a phase, from one worker.
    DURATION_SECONDS: accelerator === 'kvm' ? '5' : '15',
    // Beside other work an emulated guest took two samples in five seconds, and as many are due as there are periods.
    ...(accelerator === 'kvm' ? {} : { SAMPLE_SECONDS: '5' }),
    SETTLE_SECONDS: '1',
    SOAK_RATE: '100',
    WORKERS: '1',
    // The stand-in is JavaScript: an emulated core was used to 75 %, and a busy host makes it more.
    MAX_CPU_PCT: '400',
    MAX_CPU_P95_PCT: '1000',
    MAX_IDLE_CPU_PCT: '100',
    MAX_DECISION_CPU_MS: '100000',
    ...(judged
      ? {}
      : { ATTEST_PRODUCTION_MATCH: 'rehearsal in a staging VM: it mirrors no production host' }),
  };
}

/** The environment of the guest's command, and the files its paths need. */
export function guestEnvironment(
  environment: NodeJS.ProcessEnv,
  accelerator: Accelerator,
): GuestEnvironment {
  const rehearsal = !environment.AEGIS_BIN;
  const variables: Record<string, string> = {
    PATH: `${GUEST.project}/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: '/root',
    CI: '1',
    NO_COLOR: '1',
    DISPOSABLE_HOST: '1',
    ...COMPILE_CACHE,
    NODE_COMPILE_CACHE: `${GUEST.project}/node_modules/.cache/canary`,
    ...(accelerator === 'kvm' ? {} : EMULATED),
    ...(rehearsal ? rehearsalDefaults(environment, accelerator) : {}),
  };
  const files: GuestEnvironment['files'][number][] = [];
  for (const name of knobNames) {
    const value = environment[name];
    if (!value) continue;
    if (!CARRIED.some((carried) => carried === name)) {
      variables[name] = value;
      continue;
    }
    const from = resolve(value);
    const to = join(name, basename(from));
    files.push({ from, to });
    variables[name] = join(GUEST.carried, to);
    const sidecar = sidecarOf(from);
    if (name.startsWith('AEGIS_BPF_OBJ') && sidecar !== from && existsSync(sidecar))
      files.push({ from: sidecar, to: join(dirname(to), basename(sidecar)) });
    if (name !== 'AGENT_UNIT') continue;
    if (existsSync(besideUnit(from))) files.push({ from: besideUnit(from), to: besideUnit(to) });
    for (const one of dropInsBeside(from))
      files.push({ from: one, to: join(`${to}.d`, basename(one)) });
  }
  return { variables: { ...variables, OUT_DIR: GUEST.out, HOST_ROOT: '/' }, files, rehearsal };
}
