import { type Mount, mountedOn } from './observations.ts';

const PLACE = '/sys/fs/cgroup';
/** Takes effect at the next boot (systemd(1), kernel command line). */
const BOOT_OPTION = 'systemd.unified_cgroup_hierarchy=1';

/**
 * Tells cgroup v1, hybrid and v2 hosts apart (cgroups(7)). On the first two the tree of version 1 is in use by every
 * service, so nothing may be mounted over it.
 * @returns undefined when version 2 is mounted at /sys/fs/cgroup; else the layout as a person would name it, and what to do.
 */
export function cgroupProblem(
  mounts: readonly Mount[],
): { readonly layout: string; readonly problem: string } | undefined {
  const here = mountedOn(mounts, PLACE)?.type;
  if (here === 'cgroup2') return undefined;
  const old = mounts.filter(({ type }) => type === 'cgroup').map(({ target }) => target);
  const unified = mounts.find(({ type }) => type === 'cgroup2')?.target;
  const reboot = `boot with ${BOOT_OPTION} on the kernel command line; mount nothing over the tree, for services run in it`;
  if (old.length === 0) {
    const where = unified === undefined ? '' : ` (cgroup v2 is at ${unified})`;
    const todo =
      here === undefined
        ? `mount cgroup v2 with \`mount -t cgroup2 cgroup2 ${PLACE}\``
        : `boot with ${BOOT_OPTION} on the kernel command line`;
    return {
      layout: 'no cgroup mount',
      problem: `${PLACE} must be cgroup v2 and is ${here ?? 'not mounted'}${where}; ${todo}`,
    };
  }
  return unified === undefined
    ? {
        layout: 'cgroup v1',
        problem: `this host uses cgroup v1 (${old[0]}), and the agent needs cgroup v2 at ${PLACE}: ${reboot}`,
      }
    : {
        layout: 'hybrid cgroups',
        problem: `this host uses cgroup v1 and v2 side by side (hybrid: v2 is at ${unified}), and the agent needs v2 at ${PLACE}: ${reboot}`,
      };
}
