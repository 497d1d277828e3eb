import { basename } from 'node:path';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import type { OwnFile } from '../../changes/own-file.ts';
import { attachmentOf } from '../../coverage/promises.ts';
import { type PortRoute, SOAK_PORT_ROUTES } from '../../coverage/soak-port-routes.ts';
import { besides, ORDINARY_USER } from '../../coverage/soak-routes.ts';
import { NETWORK_FIELDS } from '../../coverage/wanted-event.ts';
import type { SideSubject } from '../../soak/side-work.ts';
import { ROUTES_SCRIPT, type SoakRoutes, type TriedRoutes } from './soak-routes.ts';

/** Whether this start of the agent can keep what it promises on each route. */
function attached({ works, notRun }: TriedRoutes, { capabilities }: ReadyDaemon) {
  // Nothing more is asked of the agent here: what its report does not name, the coverage phase asks `probe` about.
  const promises = { probed: undefined, unknownSections: [], owedSections: [] };
  const states = works.map((name) => ({
    name,
    ...attachmentOf(name, capabilities.hooks, promises),
  }));
  const inWords = ({ name, what }: (typeof states)[number], text: string) =>
    `${name}: ${text} ${what ?? ''}`;
  return {
    routes: states.flatMap(({ state, name }) => (state === 'attached' ? [name] : [])),
    notRun: [
      ...notRun,
      ...states.flatMap((one) =>
        one.state === 'not named' || one.state === 'not promised'
          ? [inWords(one, 'the capability report does not name')]
          : [],
      ),
    ],
    missing: states.flatMap((one) =>
      one.state === 'not attached' ? [inWords(one, 'the agent did not attach')] : [],
    ),
  };
}

function portRoute([name, route]: readonly [string, PortRoute], port: number) {
  const { family, address, protocol, call } = route;
  const where = call === 'bind' ? { local_port: port } : { remote_ip: address, remote_port: port };
  return {
    ...{ name, call },
    values: { ...NETWORK_FIELDS[call], family, protocol, rule_type: 'port', ...where },
  };
}

function operationsOf(tried: TriedRoutes, probe: OwnFile, daemon: ReadyDaemon): SideSubject {
  const { routes, ...told } = attached(tried, daemon);
  return {
    ...{ ...told, name: 'operations', script: ROUTES_SCRIPT, task: { ...tried.task, routes } },
    ...{ counted: probe, decisions: daemon.events.watch(probe) },
    routes: routes.map((name) => (name === 'user' ? { name, uid: ORDINARY_USER } : { name })),
    startedNames: [probe.path, besides(probe.path).script].map((path) => basename(path)),
  };
}

function networkOf(tried: TriedRoutes, port: number, daemon: ReadyDaemon): SideSubject {
  // Without its hook on connects there is nothing to say of the network at all.
  const isAttached = daemon.capabilities.hooks.lsm_socket_connect === true;
  const { routes, ...told } = attached(isAttached ? tried : { ...tried, works: [] }, daemon);
  return {
    ...{ ...told, name: 'network', script: ROUTES_SCRIPT, task: { ...tried.task, routes } },
    ...{ counted: { port }, decisions: daemon.events.watchPort(port), startedNames: [] },
    routes: [...SOAK_PORT_ROUTES]
      .filter(([name]) => routes.includes(name))
      .map((route) => portRoute(route, port)),
  };
}

/** What the soak does with the routes that were tried. */
export const sideSubjects = (
  { operations, network }: SoakRoutes,
  { probe, port }: { readonly probe: OwnFile; readonly port: number },
  daemon: ReadyDaemon,
): readonly SideSubject[] => [
  ...(operations === undefined ? [] : [operationsOf(operations, probe, daemon)]),
  ...(network === undefined ? [] : [networkOf(network, port, daemon)]),
];
