/**
 * Makes each attempt that it is told, once, and says how it ended: an errno, or that it was let through.
 * It handles no signal: the coverage phase lets the agent send none.
 */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { connect, isIPv6 } from 'node:net';
import type { Attempt } from './policy-sample.ts';
import type { Outcomes } from './try-rules.ts';

const { O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** Nothing is read, so that not even the time of the last access changes. */
function openFile(path: string): void {
  const descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  closeSync(descriptor);
}

async function connectTo({ protocol, address, port }: Attempt & { kind: 'connect' }) {
  if (protocol === 'tcp') {
    const socket = connect({ host: address, port });
    // Reading would be a decision of its own.
    socket.pause();
    try {
      await once(socket, 'connect');
    } finally {
      socket.destroy();
    }
    return;
  }
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  try {
    socket.connect(port, address);
    await once(socket, 'connect');
  } finally {
    socket.close();
  }
}

const attempts: readonly Attempt[] = JSON.parse(process.argv[2] ?? '');
const outcomes: string[] = [];
for (const attempt of attempts) {
  try {
    if (attempt.kind === 'file') openFile(attempt.path);
    else await connectTo(attempt);
    outcomes.push('let through');
  } catch (error) {
    outcomes.push((error as NodeJS.ErrnoException).code ?? 'unknown');
  }
}
process.send?.(outcomes satisfies Outcomes);
process.disconnect?.();
