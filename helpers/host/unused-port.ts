import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Below the ports that hosts give out by themselves (ip_local_port_range), and above those of services. */
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_000;
const TABLES = ['tcp', 'tcp6', 'udp', 'udp6'];

/**
 * A port that nobody on this host uses, nor those that far above it: a rule on a port concerns everybody.
 * @param offsets of the ports that are needed, from the one that is returned.
 * @param choose a number from the first to below the second.
 */
export function unusedPort(
  offsets: readonly number[] = [0],
  choose: (lowest: number, highest: number) => number = randomInt,
): number {
  const used = TABLES.map((name) => {
    try {
      return readFileSync(`/proc/net/${name}`, 'utf8');
    } catch {
      // A kernel without IPv6.
      return '';
    }
  }).join('');
  const isUsed = (port: number) => used.includes(`:${port.toString(16).toUpperCase()} `);
  for (;;) {
    const port = choose(LOWEST_PORT, HIGHEST_PORT - Math.max(...offsets));
    if (!offsets.some((offset) => isUsed(port + offset))) return port;
  }
}
