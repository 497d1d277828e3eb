import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Mode } from '../../agent/daemon-options.ts';
import type { OwnFile } from '../../changes/own-file.ts';
import { SOAK_PORT_ROUTES } from '../../coverage/soak-port-routes.ts';
import { besides } from '../../coverage/soak-routes.ts';
import { JudgementError, noEvidence } from '../../criteria/judgement.ts';
import { SIDE_OPERATIONS } from '../../settings/knobs.ts';
import type { Settings } from '../../settings/settings.ts';
import { type Task, Workload } from '../../workload/workload.ts';

/** Takes routes in turn. */
export const ROUTES_SCRIPT = new URL('../../coverage/soak-routes-process.ts', import.meta.url);
/** Each route is taken once, as fast as they come. */
const TRIAL_RATE = 100;
const TRIAL_MS = 60_000;
const POLL_MS = 20;

/** Routes of one kind, as they were tried without a rule. */
export interface TriedRoutes {
  readonly task: Task;
  readonly works: readonly string[];
  /** What cannot be tried here, in words. */
  readonly notRun: readonly string[];
}

/** What this phase's soak takes besides opens of its file; undefined where it was not asked for. */
export interface SoakRoutes {
  readonly operations: TriedRoutes | undefined;
  readonly network: TriedRoutes | undefined;
}

type Asked = Pick<
  Settings,
  'ENFORCE_SIGNAL' | 'SOAK_OPERATIONS' | 'SOAK_NET_WORKLOAD' | 'PROBE_DIR'
>;

/** Takes each route once without a rule: what fails now is no route on this host. */
async function tried(
  task: Task & { readonly routes: readonly string[] },
  environment: Readonly<Record<string, string>>,
  directory: string,
): Promise<TriedRoutes> {
  const { routes } = task;
  const workload = new Workload(
    {
      name: `trial-of-${routes[0]}`,
      script: ROUTES_SCRIPT,
      task,
      workers: 1,
      rate: TRIAL_RATE,
      environment,
    },
    { file: (...names) => join(directory, ...names) },
    '',
  );
  try {
    await workload.start();
    const end = performance.now() + TRIAL_MS;
    while (
      workload.counts().attempts < routes.length &&
      performance.now() < end &&
      workload.dead() === 0
    )
      await sleep(POLL_MS);
    const counts = (await workload.stop()).routes ?? {};
    const whyNot = (route: string) => {
      const { allowed = 0, otherErrno = {}, eperm = 0 } = counts[route] ?? {};
      if (allowed > 0) return [];
      const [why = eperm > 0 ? 'EPERM' : 'it was not taken'] = Object.keys(otherErrno);
      return [`${route} does not work here without a rule either (${why})`];
    };
    return {
      task,
      works: routes.filter((route) => whyNot(route).length === 0),
      notRun: routes.flatMap(whyNot),
    };
  } catch (error) {
    if (!(error instanceof JudgementError)) throw error;
    return { task, works: [], notRun: [error.message] };
  } finally {
    workload.kill();
  }
}

/** The agent would kill whoever takes them. */
const KILLED = 'ENFORCE_SIGNAL=kill would end the process that takes the routes';

/**
 * Tries the routes that are asked for, each once.
 * @param probe the denied file that they lead to. @param port that will be denied.
 * @throws JudgementError (inconclusive) where one that a knob names does not work: what is tried by default may be missing.
 */
export async function tryRoutes(
  asked: Asked,
  mode: Mode,
  { probe, port, directory }: { probe: OwnFile; port: number; directory: string },
  environment: Readonly<Record<string, string>>,
): Promise<SoakRoutes> {
  const { SOAK_OPERATIONS: operations, SOAK_NET_WORKLOAD: network } = asked;
  const { path, content } = probe;
  const isKilled = mode === 'enforce' && asked.ENFORCE_SIGNAL === 'kill';
  const one = async (task: Task & { routes: readonly string[] }): Promise<TriedRoutes> =>
    isKilled ? { task, works: [], notRun: [KILLED] } : tried(task, environment, directory);
  const [ofFile, ofPort] = await Promise.all([
    operations?.length === 0
      ? undefined
      : one({ target: path, content, routes: operations ?? SIDE_OPERATIONS }),
    network === false
      ? undefined
      : one({ target: String(port), routes: [...SOAK_PORT_ROUTES.keys()] }),
  ]);
  const made = { operations: ofFile, network: ofPort };
  const wanted = [
    ...(operations === undefined ? [] : (made.operations?.notRun ?? [])),
    ...(network === undefined ? [] : (made.network?.notRun ?? [])),
  ];
  if (wanted.length === 0) return made;
  throw noEvidence(
    `what SOAK_OPERATIONS or SOAK_NET_WORKLOAD names cannot be tried in PROBE_DIR=${asked.PROBE_DIR}: ${wanted.join('; ')}; leave it out, or name another PROBE_DIR`,
    { source: path },
  );
}

/** Files beside the denied one that some routes need. */
export function makeBesides(path: string): void {
  const { script, mountedOver } = besides(path);
  writeFileSync(script, `#!${path}\n`, { flag: 'wx' });
  chmodSync(script, 0o755);
  writeFileSync(mountedOver, '', { flag: 'wx' });
}
