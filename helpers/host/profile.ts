import { z } from 'zod';
import { ownCommand } from '../text/own-command.ts';
import { issuesText } from '../text/zod-words.ts';
import {
  activeLsms,
  cgroupControllers,
  kernelBtf,
  kernelRelease,
  mountAt,
  type Observation,
  sysctl,
  systemdVersion,
} from './observations.ts';

/** The settings of a host that decide how the agent behaves, by name. */
const hostProfile = z.object({
  schema: z.literal(1),
  recordedAt: z.iso.datetime(),
  hostname: z.string(),
  settings: z.record(z.string(), z.string()),
});

export type HostProfile = z.output<typeof hostProfile>;

const UNREADABLE = 'unreadable: ';

/** True for what stands in a profile in place of a value that could not be read. */
export const isUnreadable = (value: string) => value.startsWith(UNREADABLE);

function settingText<T>(observed: Observation<T>, text: (value: T) => string = String): string {
  return observed.known ? text(observed.value) : `${UNREADABLE}${observed.reason}`;
}

function mountText(hostRoot: string, target: string): string {
  return settingText(mountAt(hostRoot, target), (mount) =>
    mount === undefined ? 'not mounted' : `${mount.type} (${[...mount.options].sort().join(',')})`,
  );
}

/** Reads every compared setting: kernel, LSM order, cgroup, bpffs and systemd (the runbook's list). */
export async function readProfileSettings(hostRoot: string): Promise<Record<string, string>> {
  return {
    'kernel release': settingText(kernelRelease(hostRoot)),
    'active LSMs': settingText(activeLsms(hostRoot), (names) => names.join(',')),
    'kernel BTF': settingText(kernelBtf(hostRoot)),
    'kernel.unprivileged_bpf_disabled': settingText(
      sysctl(hostRoot, 'kernel/unprivileged_bpf_disabled'),
    ),
    'net.core.bpf_jit_enable': settingText(sysctl(hostRoot, 'net/core/bpf_jit_enable')),
    'mount /sys/fs/cgroup': mountText(hostRoot, '/sys/fs/cgroup'),
    'cgroup controllers': settingText(cgroupControllers(hostRoot), (names) => names.join(' ')),
    'mount /sys/fs/bpf': mountText(hostRoot, '/sys/fs/bpf'),
    systemd: settingText(await systemdVersion(hostRoot)),
  };
}

/** One setting in which two hosts differ. */
export interface ProfileDifference {
  readonly setting: string;
  readonly production: string;
  readonly staging: string;
}

export function compareProfiles(
  production: Readonly<Record<string, string>>,
  staging: Readonly<Record<string, string>>,
): ProfileDifference[] {
  const names = [...new Set([...Object.keys(production), ...Object.keys(staging)])];
  return names.flatMap((setting) => {
    const [there, here] = [production[setting] ?? 'not recorded', staging[setting] ?? 'not read'];
    return there === here ? [] : [{ setting, production: there, staging: here }];
  });
}

const RECORD_ONE = `record one on a production host with \`${ownCommand('profile', 'production.json')}\``;

/**
 * Reads the text of a profile that `npm run profile` recorded.
 * @param path of the file, for the message.
 * @throws Error in one line when it is not JSON or not a profile.
 */
export function parseProfile(text: string, path: string): HostProfile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = (error as Error).message.replaceAll(/\s+/g, ' ');
    throw new Error(`${path} is not JSON: ${why}; ${RECORD_ONE}`);
  }
  const parsed = hostProfile.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(`${path} is not a host profile: ${issuesText(parsed.error)}; ${RECORD_ONE}`);
}
