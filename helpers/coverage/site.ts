import type { Kind } from './table.ts';

/** Addresses and ports of ours, and which of them have a rule. */
export interface NetworkSite {
  /** Denied. */
  readonly address: string;
  readonly next: string;
  /** Has no rule: for connects to a port alone. */
  readonly free: string;
  /** Four addresses, denied as one network. */
  readonly range: {
    readonly network: string;
    readonly first: string;
    readonly last: string;
    readonly before: string;
    readonly after: string;
  };
  /** Denied on one port, and on another one by TCP alone. */
  readonly pair: string;
  readonly pairPort: number;
  readonly pairTcpPort: number;
  /** Denied by direction, and one by protocol. */
  readonly bindPort: number;
  readonly bothPort: number;
  readonly tcpPort: number;
  readonly udpPort: number;
  /** Denied by protocol, in both directions. */
  readonly udpBothPort: number;
  /** Denied to the processes of one cgroup. */
  readonly scoped: string;
  readonly scopedPort: number;
  readonly scopedBothPort: number;
  readonly scopedUdpPort: number;
  readonly scopedUdpBothPort: number;
}

/** What the probe processes work on. */
export interface Site {
  readonly directory: string;
  /** A denied file on a tmpfs, where one could be made. */
  readonly numbered?: string | undefined;
  /** A program of ours may get onto the agent’s survival list. */
  readonly hasSurvivor?: boolean | undefined;
  /** Directories of cgroups of ours; the first is on the allow list, the last has rules of its own. Undefined where none could be made. */
  readonly cgroups?:
    | {
        readonly allowed: string;
        readonly child: string;
        readonly sibling: string;
        readonly ruled: string;
      }
    | undefined;
  /** Names of our programs: the first is denied as a name. */
  readonly names: { readonly denied: string; readonly longer: string; readonly other: string };
  readonly ipv4: NetworkSite;
  readonly ipv6: NetworkSite;
}

/** What a probe process is told at its start. */
export interface ProbeOrder {
  readonly kind: Kind;
  readonly site: Site;
}

/** Names of the files in the site's directory. */
export const FILES = {
  /** Denied; has one name. */
  secret: 'secret',
  /** Denied; has a second name from before the rule. Its own is cut by whoever takes `#` for a comment wherever it stands, or a blank for an end. */
  linked: 'linked #1 ä',
  linkedAlias: 'linked.alias',
  /** Denied; a copy of a program of the host. */
  program: 'program',
  symlink: 'symlink',
  script: 'script',
  /** Denied by a rule that names a symbolic link to it. */
  viaSymlink: 'via-symlink',
  ruleSymlink: 'via-symlink.link',
  /** Denied; below an overlay. */
  lower: 'lower',
  layers: 'layers',
  /** An overlay of ours; some of what is seen through it is denied by its number there. */
  overlay: 'overlay',
  mergedRead: 'overlay/merged/read',
  /** Denied by a rule that names its device and inode number. */
  byNumber: 'by-number',
  /** Has its number in a rule on a device that no file is on. */
  otherDevice: 'other-device',
  /** Its number stands in a rule with another upper half: one that is cut to 32 bits would concern it. */
  otherHalf: 'other-half',
  /** Denied; a directory, and nothing is in it. */
  folder: 'folder',
  /** A directory that a policy names; a program denied by its hash, one of the same content, and one that differs by a byte. */
  hashedDirectory: 'hashed',
  hashed: 'hashed/program',
  hashedTwin: 'hashed/twin',
  hashedOtherByte: 'hashed/other-byte',
  /** Of the same content, in a directory that the policy does not name. */
  hashedElsewhere: 'elsewhere/program',
  /** Protected: denied to every program that is not verified. */
  guarded: 'protected',
  /** Denied to the processes of one cgroup. */
  scoped: 'scoped',
  /** Has a rule; a program that runs under a name of the survival list. */
  survivor: 'ssh',
  /** Denied; a copy of that one, of the same name, which does not run. */
  survivorTwin: 'elsewhere/ssh',
  beside: 'beside',
  copy: 'copy',
  elsewhere: 'elsewhere',
  /** A directory whose own name has 60 characters; a program of the denied name is in it. */
  far: 'far-away-'.repeat(6).padEnd(60, '-'),
  stranger: 'stranger',
  mountPoint: 'mount',
} as const;

/** What a probe process answers for each route it is told to take. */
export type Answer =
  | { readonly outcome: 'passed' }
  | { readonly outcome: 'refused'; readonly errno: string; readonly call: string };
