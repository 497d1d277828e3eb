import { statSync } from 'node:fs';
import { kernelDevice } from '../agent/contract/kernel-device.ts';

type Sections = ReadonlyMap<string, readonly string[]>;

/** A rule in force that an exported policy lacks. */
export interface LostRule {
  readonly section: string;
  readonly rule: string;
}

/** The device and inode number of what a path leads to, as `[deny_inode]` has them; undefined where nothing is there. */
export function numberOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${kernelDevice(dev)}:${ino}`;
  } catch {
    return undefined;
  }
}

/**
 * Rules in force that an export does not have. A rule on a file may have another name of it, or its number, and one on a cgroup
 * its number; of the others as many must stand in their section, in whatever form.
 * @param inForce what the policy has that brought them. @param number by which a path or a cgroup is known.
 */
export function lostRules(
  inForce: Sections,
  exported: Sections,
  number: {
    readonly ofFile: (path: string) => string | undefined;
    readonly ofCgroup: (path: string) => string | undefined;
  },
): readonly LostRule[] {
  const has = (section: string) => exported.get(section) ?? [];
  const files = new Set([
    ...has('deny_inode'),
    ...[...has('deny_path'), ...has('protect_path')].flatMap((path) => number.ofFile(path) ?? []),
  ]);
  const cgroups = new Set(has('allow_cgroup'));
  const isThere: Readonly<Record<string, (rule: string) => boolean>> = {
    deny_path: (path) => files.has(number.ofFile(path) ?? path),
    deny_inode: (rule) => files.has(rule),
    allow_cgroup: (path) => cgroups.has(path) || cgroups.has(`cgid:${number.ofCgroup(path)}`),
  };
  return [...inForce].flatMap(([section, rules]) => {
    const there = isThere[section];
    const lost =
      there === undefined
        ? rules
            .filter((rule) => !has(section).includes(rule))
            .slice(0, Math.max(0, rules.length - has(section).length))
        : rules.filter((rule) => !there(rule));
    return lost.map((rule) => ({ section, rule }));
  });
}

/** What an export has always been said to have: files and allowed cgroups (docs/agent-contract.md §1.5). A name with a blank in it is cut. */
export const isOwed = ({ section, rule }: LostRule): boolean =>
  ['deny_path', 'deny_inode', 'allow_cgroup'].includes(section) && !/\s/.test(rule);

/** "2 of [deny_ip] (192.0.2.1, …), …" */
export function lostText(lost: readonly LostRule[]): string {
  const sections = Map.groupBy(lost, ({ section }) => section);
  return [...sections]
    .map(
      ([section, of]) =>
        `${of.length} of [${section}] (${of[0]?.rule}${of.length > 1 ? ', …' : ''})`,
    )
    .join(', ');
}

/** The figures of `network stats`; undefined for a line that is not there. */
export function networkStats(
  text: string,
): Readonly<Record<'connect' | 'bind', number | undefined>> {
  const figure = (name: string) => {
    const [, digits] = new RegExp(`^\\s*${name} blocks:\\s*(\\d+)\\s*$`, 'm').exec(text) ?? [];
    return digits === undefined ? undefined : Number(digits);
  };
  return { connect: figure('Connect'), bind: figure('Bind') };
}
