/** Opens a denied file, or connects to a denied address, as often as it is told, and says how each attempt ended. */
import { closeSync, constants, openSync } from 'node:fs';
import type { FloodOrder, FloodTurn, Outcomes } from './full-ring.ts';
import { connect, SOCK_DGRAM } from './network-routes.ts';

const { path, address, port }: FloodOrder = JSON.parse(process.argv[2] ?? '');
const attempts = {
  open: () => closeSync(openSync(path, constants.O_RDONLY)),
  connect: () => connect(address, port, SOCK_DGRAM),
};

function outcomeOf(what: FloodTurn['what']): string {
  try {
    attempts[what]();
    return 'let through';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

process.on('message', ({ what, times }: FloodTurn) => {
  const outcomes: Record<string, number> = {};
  for (let count = 0; count < times; count += 1) {
    const outcome = outcomeOf(what);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  process.send?.(outcomes satisfies Outcomes);
});
