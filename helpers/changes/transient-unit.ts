import { existsSync, readFileSync } from 'node:fs';
import { hostPath, systemTool } from '../host/observations.ts';
import type { Journal } from './journal.ts';
import { stopUnit } from './undo-entry.ts';

/** Runs systemd's own tools by their absolute paths, as root's PATH must not decide. */
const TOOL_FOLDERS = ['usr/bin', 'bin'];

/** A tool of the host; undefined where it has none. */
export function hostTool(hostRoot: string, name: string): string | undefined {
  return TOOL_FOLDERS.map((folder) => hostPath(hostRoot, folder, name)).find((path) =>
    existsSync(path),
  );
}

/** The tools of a systemd that runs this host, or in words why there is none. */
export interface Systemd {
  readonly systemctl: string;
  readonly systemdRun: string;
}

/** True systemd hosts have this folder (sd_booted(3)). */
export function systemdOf(hostRoot: string): Systemd | string {
  if (!existsSync(hostPath(hostRoot, 'run/systemd/system')))
    return 'this host is not run by systemd (no /run/systemd/system)';
  const systemctl = hostTool(hostRoot, 'systemctl');
  const systemdRun = hostTool(hostRoot, 'systemd-run');
  return systemctl === undefined || systemdRun === undefined
    ? 'this host has no systemctl and systemd-run'
    : { systemctl, systemdRun };
}

/** @throws Error with the tool's words when it fails. */
async function output(tool: string, args: readonly string[]): Promise<string> {
  const { exitCode, signal, notStarted, stderr, text } = await systemTool(tool, args);
  if (exitCode === 0) return text;
  const end = exitCode === undefined ? (signal ?? notStarted?.code) : `exit code ${exitCode}`;
  throw new Error(`${tool} failed (${end}): ${stderr.trim()}`);
}

/** What systemd says of a unit at one moment (systemctl(1), show). */
export async function unitProperties(
  systemctl: string,
  unit: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const shown = await output(systemctl, ['show', unit, `--property=${names.join(',')}`]);
  return new Map(
    shown.split('\n').flatMap((line) => {
      const at = line.indexOf('=');
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)] as const] : [];
    }),
  );
}

/** A unit of ours that lives only in /run. */
export type TransientUnit = Awaited<ReturnType<typeof startUnit>>;

/**
 * Starts one, in the journal before; its restart rule is that of the unit that ships with the agent.
 * @param options `stdout` and `stderr`: files that its output is appended to.
 * @throws Error with systemd's words when it does not start the unit.
 */
export async function startUnit(
  options: {
    readonly systemd: Systemd;
    readonly name: string;
    readonly command: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    readonly restartSeconds: number;
    readonly stdout: string;
    readonly stderr: string;
  },
  journal: Journal,
) {
  const { name, command, environment } = options;
  const { systemctl, systemdRun } = options.systemd;
  const id = journal.record({ kind: 'unit', name, systemctl });
  const properties = {
    Description: 'AegisBPF staging canary: supervision step of the rollback drill',
    Restart: 'on-failure',
    RestartSec: String(options.restartSeconds),
    LimitMEMLOCK: 'infinity',
    NoNewPrivileges: 'true',
    StandardOutput: `append:${options.stdout}`,
    StandardError: `append:${options.stderr}`,
  };
  await output(systemdRun, [
    `--unit=${name}`,
    '--quiet',
    ...Object.entries(properties).map(([key, value]) => `--property=${key}=${value}`),
    ...Object.entries(environment).map(([key, value]) => `--setenv=${key}=${value}`),
    '--',
    ...command,
  ]);
  return ownUnit(systemctl, name, () => journal.strike(id));
}

/** A unit of ours that systemd knows. @param gone is called once it is stopped. */
function ownUnit(systemctl: string, name: string, gone: () => void) {
  const readProperty = async (property: string) =>
    Number((await unitProperties(systemctl, name, [property])).get(property));
  return {
    name,
    /** Its main process, or undefined while it has none. */
    async mainPid(): Promise<number | undefined> {
      const pid = await readProperty('MainPID');
      return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
    },
    /** How often systemd has started it again. */
    restarts: () => readProperty('NRestarts'),
    /** Stops and forgets it. @returns what is wrong, or undefined when it is gone. */
    async stop(): Promise<string | undefined> {
      const problem = await stopUnit(systemctl, name);
      if (problem === undefined) gone();
      return problem;
    },
  };
}

/**
 * A unit of ours that somebody starts in the foreground, by the command that stands before its own; in the journal before.
 * @param properties `Name=value`, as a unit file has them.
 */
export function pipedUnit(
  { systemctl, systemdRun }: Systemd,
  name: string,
  properties: readonly string[],
  journal: Journal,
) {
  const id = journal.record({ kind: 'unit', name, systemctl });
  return {
    ...ownUnit(systemctl, name, () => journal.strike(id)),
    /** What stands before its command. */
    before: (environment: Readonly<Record<string, string>>): readonly string[] => [
      ...[systemdRun, '--quiet', '--pipe', '--wait', '--collect', `--unit=${name}`],
      ...properties.map((property) => `--property=${property}`),
      ...Object.entries(environment).map(([key, value]) => `--setenv=${key}=${value}`),
      '--',
    ],
    /** Sends its processes a signal. */
    async kill(signal: NodeJS.Signals): Promise<void> {
      await systemTool(systemctl, ['kill', `--signal=${signal}`, name]);
    },
  };
}

/** What must not change about a service of the host that is none of our business. */
const STATE_PROPERTIES = [
  'LoadState',
  'ActiveState',
  'SubState',
  'UnitFileState',
  'Restart',
  'FragmentPath',
  'DropInPaths',
  'MainPID',
  'NRestarts',
  'InvocationID',
  'StateChangeTimestampMonotonic',
];

/** The text of a unit of this host with its drop-ins behind it; undefined where it has none (systemctl(1), cat). */
export async function unitText(systemctl: string, unit: string): Promise<string | undefined> {
  const { exitCode, text } = await systemTool(systemctl, ['cat', '--no-pager', unit]);
  return exitCode === 0 ? text : undefined;
}

/** The state of the host's own service, with the bytes of its unit file. */
export async function serviceSnapshot(
  systemctl: string,
  unit: string,
): Promise<Readonly<Record<string, string>>> {
  const properties = await unitProperties(systemctl, unit, STATE_PROPERTIES);
  const fragment = properties.get('FragmentPath') ?? '';
  return {
    ...Object.fromEntries(properties),
    unitFile: fragment === '' || !existsSync(fragment) ? '' : readFileSync(fragment, 'utf8'),
  };
}
