import { z } from 'zod';

/** Addresses and ports of ours; rules are on the address, and on both ports. */
const network = z.object({
  address: z.string(),
  next: z.string(),
  /** Has no rule: for connects to a port alone. */
  free: z.string(),
  bindPort: z.number().int(),
  bothPort: z.number().int(),
});

/** What the probe processes work on. */
export const site = z.object({
  directory: z.string(),
  /** A denied file on a tmpfs, where one could be made. */
  numbered: z.string().optional(),
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
