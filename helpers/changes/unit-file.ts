/**
 * Settings of a service that say what is run, when, with which variables and where its output goes; all of that is the
 * canary's own. systemd.service(5), systemd.exec(5), systemd.kill(5). A slice would stay behind.
 */
const OURS =
  /^(Exec(?!Paths|SearchPath)|Restart|Timeout|RuntimeMaxSec|RuntimeRandomized|Watchdog|Standard|TTY|Syslog|Kill|SendSIG|FinalKill|USBFunction|((Exit)?Type|RemainAfterExit|GuessMainPID|PIDFile|BusName|NotifyAccess|SuccessExitStatus|RootDirectoryStartOnly|NonBlocking|Sockets|FileDescriptorStoreMax|Environment|EnvironmentFile|PassEnvironment|UnsetEnvironment|WorkingDirectory|Slice)$)/;

/** Where systemd makes a directory of a service's own, by the setting that names it (systemd.exec(5)). */
const PARENTS: Readonly<Record<string, string>> = {
  RuntimeDirectory: '/run',
  StateDirectory: '/var/lib',
  CacheDirectory: '/var/cache',
  LogsDirectory: '/var/log',
  ConfigurationDirectory: '/etc',
};

/** What a unit grants a service and what it withholds from it. */
export interface UnitLimits {
  /** `Name=value`, in the unit's order: a later one adds to an earlier one of its name, or replaces it. */
  readonly properties: readonly string[];
  /** Directories that systemd makes for the service where they are not there. */
  readonly directories: readonly string[];
}

/** One line of a unit: `[section] name=value`. */
export interface UnitSetting {
  readonly section: string;
  readonly name: string;
  readonly value: string;
}

/** The settings of a unit in their order, with continued lines put together (systemd.syntax(7)). */
export function unitSettings(text: string): readonly UnitSetting[] {
  const lines = text.split('\n').filter((line) => !/^\s*[#;]/.test(line));
  let section = '';
  return lines
    .join('\n')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .flatMap((line) => {
      section = /^\s*\[(.*)\]\s*$/.exec(line)?.[1] ?? section;
      const at = line.indexOf('=');
      return at > 0
        ? [{ section, name: line.slice(0, at).trim(), value: line.slice(at + 1).trim() }]
        : [];
    });
}

/** @param text of a unit file, or of one with its drop-ins behind it, as `systemctl cat` has them. */
export function unitLimits(text: string): UnitLimits {
  const settings = unitSettings(text).filter(
    ({ section, name }) => section === 'Service' && !OURS.test(name),
  );
  const directories = settings.flatMap(({ name, value }) => {
    const parent = PARENTS[name];
    // `name:link`; the link is for others.
    const named = value.split(/\s+/).map((one) => one.replace(/:.*/, ''));
    return parent === undefined ? [] : named.filter(Boolean).map((one) => `${parent}/${one}`);
  });
  const limits = settings.filter(({ name }) => PARENTS[name] === undefined);
  return {
    properties: [
      ...limits.map(({ name, value }) => `${name}=${value}`),
      ...directories.map((path) => `ReadWritePaths=${path}`),
    ],
    directories: [...new Set(directories)],
  };
}
