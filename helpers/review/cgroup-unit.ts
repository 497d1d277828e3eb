/** Names that systemd gives to units of the moment, and what stays of them (systemd.scope(5), systemd-run(1)). */
const OF_THE_MOMENT: readonly (readonly [RegExp, string])[] = [
  [/^session-[a-z]?\d+\.scope$/, 'session-*.scope'],
  [/^run-[a-z]?[0-9a-f]+(-[0-9]+)?\.(scope|service)$/, 'run-*.$2'],
  [/^user@\d+\.service$/, 'user@*.service'],
  [/^user-\d+\.slice$/, 'user-*.slice'],
  // Containers: 64 hex digits behind the engine's name (docker, containerd, CRI-O, podman).
  [/^([a-z-]+?)[-:]?[0-9a-f]{64}(\.scope)?$/, '$1-*$2'],
  [/^[0-9a-f]{64}$/, '*'],
];

const UNIT = /\.(service|scope|socket|mount|swap|slice)$/;

function lasting(name: string): string {
  const momentary = OF_THE_MOMENT.find(([pattern]) => pattern.test(name));
  return momentary === undefined ? name : name.replace(momentary[0], momentary[1]);
}

/**
 * What a cgroup is called from boot to boot: its systemd unit, without the parts that change, or
 * where there is none the path with such parts taken out. Groups of decisions are matched by it
 * from release to release.
 * @param path as the agent's events carry it, with or without the mount point of the hierarchy.
 */
export function unitOf(path: string): string {
  const parts = path
    .replace(/^\/sys\/fs\/cgroup(?=\/|$)/, '')
    .split('/')
    .filter((part) => part !== '');
  const unit = parts.findLast((part) => UNIT.test(part) && !part.endsWith('.slice'));
  if (unit !== undefined) return lasting(unit);
  return `/${parts.map(lasting).join('/')}`;
}
