import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { AttemptCounts, Protocol } from './attempt-counts.ts';
import { countErrno } from './count-errno.ts';

/** One connect(2) to `address:port` and no more: nothing is sent or read, which would be decisions too. */
export async function connectOnce(
  protocol: Protocol,
  target: string,
  counts: AttemptCounts,
): Promise<void> {
  const [address = '', port = ''] = target.split(':');
  counts.attempts += 1;
  try {
    await (protocol === 'tcp' ? connectTcp : connectUdp)(address, Number(port));
    counts.allowed += 1;
  } catch (error) {
    countErrno(counts, error);
  }
}

async function connectTcp(host: string, port: number): Promise<void> {
  const socket = connect({ host, port });
  // Reading would be a decision of its own (socket_recvmsg).
  socket.pause();
  await once(socket, 'connect');
  // What happens to it now is no outcome.
  socket.on('error', () => {});
  // By a reset, so that a long soak leaves no ports waiting (TIME_WAIT).
  socket.resetAndDestroy();
}

async function connectUdp(host: string, port: number): Promise<void> {
  const socket = createSocket('udp4');
  try {
    socket.connect(port, host);
    await once(socket, 'connect');
  } finally {
    socket.close();
  }
}
