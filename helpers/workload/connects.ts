import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { AttemptCounts, Protocol } from './attempt-counts.ts';
import { countErrno } from './attempt-counts.ts';

/** One connect(2) to `address:port` and no more: nothing is sent or read, which would be decisions too. */
export function connectOnce(
  protocol: Protocol,
  target: string,
  counts: AttemptCounts,
): Promise<void> {
  const [address = '', port = ''] = target.split(':');
  counts.attempts += 1;
  return protocol === 'tcp'
    ? connectTcp(address, Number(port), counts)
    : connectUdp(address, Number(port), counts);
}

function connectTcp(address: string, port: number, counts: AttemptCounts): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    // Reading would be a decision of its own (socket_recvmsg).
    socket.pause();
    socket.once('connect', () => {
      counts.allowed += 1;
      // By a reset, so that a long soak leaves no ports waiting (TIME_WAIT).
      socket.resetAndDestroy();
      resolve();
    });
    socket.once('error', (error) => {
      countErrno(counts, error);
      resolve();
    });
  });
}

function connectUdp(address: string, port: number, counts: AttemptCounts): Promise<void> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const end = (error?: Error) => {
      if (error === undefined || error === null) counts.allowed += 1;
      else countErrno(counts, error);
      socket.close();
      resolve();
    };
    socket.connect(port, address, end as () => void);
  });
}
