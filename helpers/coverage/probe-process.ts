/**
 * A process of one kind: becomes that kind, then takes each route that a line of its standard input names,
 * once and in order, and answers with what came of it. It handles no signal: the coverage phase lets the
 * agent send none.
 */
import { constants, openSync, readlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { destinationOf } from './destinations.ts';
import { FILE_ROUTES, type FileSite, makeSameNumber } from './file-routes.ts';
import { heldSockets } from './held-sockets.ts';
import { addressOf, call } from './libc.ts';
import { addLoopbackAddresses, allowIcmpSockets, reach } from './network-routes.ts';
import { overlayRoutes } from './own-overlay.ts';
import { type Answer, FILES, type ProbeOrder, type Site } from './site.ts';
import { type Kind, ROUTES, type Route } from './table.ts';

const PR_SET_NAME = 15;
const PR_SET_SECCOMP = 22;
const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_MODE_FILTER = 2;
const SECCOMP_RET_ALLOW = 0x7fff_0000;
/** Anybody may name a process so: an event that repeats it raw is no JSON, or another event, or has a field more by CEF. At most 15 bytes. */
const HOSTILE_NAME = '"},{"a\\b\n"\t b=|';
/** An agent that spares itself by name spares it as well. */
const AGENT_NAME = 'aegisbpf';
/** nobody: owns nothing that a route needs. */
const ORDINARY_USER = 65_534;

const isRoute = (name: string): name is Route => Object.hasOwn(ROUTES, name);

const order: ProbeOrder = JSON.parse(process.argv[2] ?? '');
// By /proc of the host: in a pid namespace of its own a process has another number.
const pid = Number(readlinkSync('/proc/self'));

/** What kinds are besides how they were started. */
const become: Partial<Record<Kind, (site: Site) => Partial<FileSite>>> = {
  user: becomeOrdinaryUser,
  'network-user': becomeOrdinaryUser,
  chroot: ({ directory }) => {
    call('chroot', directory);
    process.chdir('/');
    return { directory: '/' };
  },
  seccomp: () => {
    const filter = Buffer.alloc(8);
    filter.writeUInt16LE(6);
    filter.writeUInt32LE(SECCOMP_RET_ALLOW, 4);
    const program = Buffer.alloc(16);
    program.writeUInt16LE(1);
    program.writeBigUInt64LE(addressOf(filter), 8);
    call('prctl', PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    call('prctl', PR_SET_SECCOMP, SECCOMP_MODE_FILTER, addressOf(program), 0, 0);
    return {};
  },
  'hostile-name': takeName(HOSTILE_NAME),
  'agent-name': takeName(AGENT_NAME),
  holder: ({ directory }) => ({ held: openSync(join(directory, FILES.secret), constants.O_RDWR) }),
  neighbour: haveSameNumber,
  exempt: joinCgroup('allowed'),
  'exempt-child': joinCgroup('child'),
  'exempt-sibling': joinCgroup('sibling'),
  ruled: joinCgroup('ruled'),
  'network-namespace': haveLoopback,
  'network-ipv6': haveAddresses,
  'network-ipv6-holder': haveAddresses,
  'network-ipv6-neighbour': haveAddresses,
};

function takeName(name: string) {
  return (): Partial<FileSite> => {
    call('prctl', PR_SET_NAME, addressOf(Buffer.from(`${name}\0`)), 0, 0, 0);
    return {};
  };
}

function haveAddresses({ ipv6: { address, next, free, pair, range } }: Site): Partial<FileSite> {
  const { first, last, before, after } = range;
  addLoopbackAddresses([address, next, free, pair, first, last, before, after]);
  haveIcmpSockets();
  return {};
}

/** Before any route of its own: the route itself only opens the file. */
function haveSameNumber(site: Site): Partial<FileSite> {
  try {
    return { ofSameNumber: makeSameNumber(site) };
  } catch (error) {
    return { ofSameNumber: error as Error };
  }
}

/** A network namespace begins without one; where there can be none, connects fail and are told as not run. */
function haveLoopback(): Partial<FileSite> {
  try {
    addLoopbackAddresses([]);
  } catch {
    // This kernel has no IPv6, by whose socket it is asked.
  }
  haveIcmpSockets();
  return {};
}

/** Where sysctls cannot be written, as in many containers, their routes fail and are told as not run. */
function haveIcmpSockets(): void {
  try {
    allowIcmpSockets();
  } catch {
    // The routes tell it.
  }
}

/** By itself, before it does anything that a rule concerns. */
function joinCgroup(name: keyof NonNullable<Site['cgroups']>) {
  return ({ cgroups }: Site): Partial<FileSite> => {
    if (cgroups === undefined) throw new Error('no control group could be made on this host');
    writeFileSync(join(cgroups[name], 'cgroup.procs'), String(pid));
    return {};
  };
}

function becomeOrdinaryUser(): Partial<FileSite> {
  process.setgroups?.([]);
  process.setgid?.(ORDINARY_USER);
  process.setuid?.(ORDINARY_USER);
  return {};
}

/** Node opens by promises in its thread pool. */
async function inThread(route: Route, directory: string): Promise<void> {
  const { O_RDONLY, O_WRONLY, O_APPEND } = constants;
  const flags = route === 'append' ? O_WRONLY | O_APPEND : O_RDONLY;
  await (await open(join(directory, FILES.secret), flags)).close();
}

async function take(route: Route, files: FileSite): Promise<Answer> {
  try {
    const { kind } = order;
    const destination = destinationOf(kind, route, order.site);
    if (held !== undefined) held[route]?.();
    else if (kind === 'thread') await inThread(route, files.directory);
    else if (destination !== undefined) reach(destination);
    else FILE_ROUTES[route]?.(files);
    return { outcome: 'passed' };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { outcome: 'refused', errno: code ?? 'none', call: message };
  }
}

const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);

const { directory, numbered, names, hasSurvivor } = order.site;
const files: FileSite = {
  directory,
  numbered,
  names,
  hasSurvivor,
  held: undefined,
  ...become[order.kind]?.(order.site),
};
/** Of kinds that have some, once they are what they are. */
const holders: Partial<Record<Kind, Site['ipv4']>> = {
  'socket-holder': order.site.ipv4,
  'network-ipv6-holder': order.site.ipv6,
};
const network = holders[order.kind];
const held =
  order.kind === 'overlay-holder' ? overlayRoutes(directory) : network && heldSockets(network);
say({ pid });
for await (const line of createInterface({ input: process.stdin })) {
  if (isRoute(line)) say(await take(line, files));
}
