/**
 * A soak worker that takes routes in turn, at a paced rate, and counts each of them apart. While it takes a route its
 * thread bears the name of it: events carry that name, so that each is known by its route however late it comes.
 */
import type { RouteCounts } from '../workload/attempt-counts.ts';
import { countErrno } from '../workload/count-errno.ts';
import { order, record, work } from '../workload/worker-life.ts';
import { EndedBySignal } from './file-routes.ts';
import { addressOf, call } from './libc.ts';
import { addLoopbackAddresses, openSocket, SOCK_DGRAM } from './network-routes.ts';
import { IPV6, reachPort, SOAK_PORT_ROUTES } from './soak-port-routes.ts';
import { SOAK_FILE_ROUTES, type TakeFile } from './soak-routes.ts';

const PR_SET_NAME = 15;
/** <sched.h>, <sys/mount.h>. */
const CLONE_NEWNS = 0x0002_0000;
const CLONE_NEWNET = 0x4000_0000;
const MS_PRIVATE_ALL = 0x4_4000;

const { target, routes: names = [], content = '' } = order;
const { counts } = record;
const files: Readonly<Record<string, TakeFile>> = SOAK_FILE_ROUTES;

/** What it mounts, and its addresses, are nobody else's. */
function becomeAlone(): void {
  call('unshare', CLONE_NEWNS);
  call('mount', 'none', '/', null, MS_PRIVATE_ALL, null);
  if (names.some((name) => SOAK_PORT_ROUTES.has(name))) haveAddresses();
}

/** IPv4 needs no address of ours, so without IPv6 the host's own loopback does. */
function haveAddresses(): void {
  try {
    call('close', openSocket(IPV6, SOCK_DGRAM));
  } catch {
    return;
  }
  call('unshare', CLONE_NEWNET);
  try {
    addLoopbackAddresses([IPV6]);
  } catch {
    // Those of IPv6 fail, and tell why.
  }
}

function beCalled(name: string): void {
  const bytes = Buffer.from(`${name}\0`);
  call('prctl', PR_SET_NAME, addressOf(bytes), 0, 0, 0);
}

const byRoute = new Map<string, RouteCounts>(
  names.map((name) => [name, { attempts: 0, allowed: 0, eperm: 0, otherErrno: {} }]),
);
counts.routes = Object.fromEntries(byRoute);

async function take(name: string, of: RouteCounts): Promise<void> {
  beCalled(name);
  counts.attempts += 1;
  of.attempts += 1;
  try {
    const port = SOAK_PORT_ROUTES.get(name);
    if (port !== undefined) reachPort(port, Number(target));
    else await files[name]?.(target, content);
    counts.allowed += 1;
    of.allowed += 1;
  } catch (error) {
    const refused = error instanceof EndedBySignal ? { code: 'EPERM' } : error;
    if (error instanceof EndedBySignal) counts.signals += 1;
    countErrno(counts, refused);
    countErrno(of, refused);
  }
}

becomeAlone();
let next = 0;
let last: Promise<void> = Promise.resolve();
work(() => {
  const name = names[next % names.length] ?? '';
  const of = byRoute.get(name);
  next += 1;
  if (of === undefined) return undefined;
  // One after the other, also where one is in another thread.
  last = last.then(() => take(name, of));
  return last;
});
