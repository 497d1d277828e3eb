import type { Capabilities } from '../agent/contract/capabilities.ts';
import type { Route } from './table.ts';

/** The hook that sees a call on a socket, as the capability report names it (docs/agent-contract.md §2.2). */
const SOCKET_HOOKS: Readonly<Record<string, string>> = {
  connect: 'lsm_socket_connect',
  send: 'lsm_socket_sendmsg',
  bind: 'lsm_socket_bind',
};

/** Whether this start of the agent can keep what it promises on a route. */
export type Attachment =
  | { readonly state: 'attached' }
  | { readonly state: 'not attached' | 'not promised'; readonly hook: string };

/** By the report that this start wrote: a hook that it does not name is none of this version's. */
export function attachmentOf(route: Route, hooks: Capabilities['hooks']): Attachment {
  const call = route.slice(route.lastIndexOf('-') + 1);
  const hook = SOCKET_HOOKS[call];
  // A start without any file hook never gets ready.
  if (hook === undefined) return { state: 'attached' };
  const reported: Readonly<Record<string, boolean | undefined>> = hooks;
  if (reported[hook] === true) return { state: 'attached' };
  return { state: reported[hook] === false ? 'not attached' : 'not promised', hook };
}
