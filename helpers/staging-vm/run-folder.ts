import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, processIdentity } from '../host/processes.ts';

/** `run-PID-STARTTICKS-RANDOM`: names the process that it belongs to, and no later one. */
const NAME = /^run-(\d+)-(\d+)-/;

/** A private folder for one run. It lies in the cache: the disks need room that /tmp may not have. */
export function makeRunFolder(cache: string): string {
  const runs = join(cache, 'runs');
  mkdirSync(runs, { recursive: true, mode: 0o700 });
  removeForsaken(runs);
  const self = processIdentity(process.pid);
  return mkdtempSync(join(runs, `run-${process.pid}-${self?.startTicks ?? 0}-`));
}

/** Removes what runs left that were killed before they could clean up. */
function removeForsaken(runs: string): void {
  for (const name of readdirSync(runs)) {
    const [, pid, startTicks] = NAME.exec(name) ?? [];
    if (pid === undefined || startTicks === undefined) continue;
    if (!isRunning({ pid: Number(pid), startTicks: Number(startTicks) }))
      rmSync(join(runs, name), { recursive: true, force: true });
  }
}
