/**
 * Opens each file and connects to each address that it is told, once, and says which of them the kernel refused.
 * It handles no signal: the coverage phase lets the agent send none.
 */
import { closeSync, openSync } from 'node:fs';
import { reach } from './network-routes.ts';
import type { Refusals, Subjects } from './reach-each.ts';

/** Nothing listens there, and nothing needs to. */
const ANY_PORT = 9;

const { files, addresses }: Subjects = JSON.parse(process.argv[2] ?? '');
const refusals: Record<string, string> = {};

function attempt(subject: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    refusals[subject] = (error as NodeJS.ErrnoException).code ?? 'none';
  }
}

for (const path of files) attempt(path, () => closeSync(openSync(path, 'r')));
for (const address of addresses)
  attempt(address, () => reach({ call: 'connect', protocol: 'udp', address, port: ANY_PORT }));
process.send?.(refusals satisfies Refusals);
process.disconnect?.();
