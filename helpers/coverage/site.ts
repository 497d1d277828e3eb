import { z } from 'zod';

/** Addresses and ports of ours, and which of them have a rule. */
const network = z.object({
  /** Denied. */
  address: z.string(),
  next: z.string(),
  /** Has no rule: for connects to a port alone. */
  free: z.string(),
  /** Four addresses, denied as one network. */
  range: z.object({
    network: z.string(),
    first: z.string(),
    last: z.string(),
    before: z.string(),
    after: z.string(),
  }),
  /** Denied on one port. */
  pair: z.string(),
  pairPort: z.number().int(),
  /** Denied by direction, and one by protocol. */
  bindPort: z.number().int(),
  bothPort: z.number().int(),
  tcpPort: z.number().int(),
});

/** What the probe processes work on. */
export const site = z.object({
  directory: z.string(),
  /** A denied file on a tmpfs, where one could be made. */
  numbered: z.string().optional(),
  /** Directories of cgroups of ours; only the first is on the allow list. Undefined where none could be made. */
  cgroups: z.object({ allowed: z.string(), child: z.string(), sibling: z.string() }).optional(),
  ipv4: network,
  ipv6: network,
});

export type Site = z.output<typeof site>;
export type NetworkSite = Site['ipv4'];

/** Names of the files in the site's directory. */
export const FILES = {
  /** Denied; has one name. */
  secret: 'secret',
  /** Denied; has a second name from before the rule. */
  linked: 'linked',
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
  beside: 'beside',
  copy: 'copy',
  elsewhere: 'elsewhere',
  stranger: 'stranger',
  mountPoint: 'mount',
} as const;

/** What a probe process answers for each route it is told to take. */
export const answer = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('passed') }),
  z.object({ outcome: z.literal('refused'), errno: z.string(), call: z.string() }),
]);

export type Answer = z.output<typeof answer>;

/** The first line of a probe process: its pid as the host sees it. */
export const greeting = z.object({ pid: z.number().int() });
