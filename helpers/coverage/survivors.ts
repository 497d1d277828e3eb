import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { kernelDevice } from '../agent/contract/kernel-device.ts';
import { listProcesses, type ProcessIdentity } from '../host/processes.ts';

/** A process that runs under one of these names puts its program on the survival list (docs/agent-contract.md §6.2). */
const NAMES = [
  ...['init', 'systemd', 'kubelet', 'sshd', 'ssh', 'containerd', 'runc', 'crio', 'dockerd'],
  ...['apt', 'apt-get', 'dpkg', 'yum', 'dnf', 'rpm', 'sh', 'bash', 'dash', 'sudo', 'su'],
  ...['reboot', 'shutdown'],
];
const INIT = 1;
/** How the kernel names a program whose file was replaced: the agent cannot look at it by that name. */
const REPLACED = ' (deleted)';

/** A running program that no rule may deny. */
export interface Survivor extends ProcessIdentity {
  readonly path: string;
  /** As the agent lists it. */
  readonly inode: string;
}

/** Every process of this pid namespace whose program belongs on the list. */
export function runningSurvivors(): readonly Survivor[] {
  return listProcesses().flatMap(({ pid, startTicks, executable: path }) => {
    if (path === undefined || path.endsWith(REPLACED)) return [];
    if (pid !== INIT && !NAMES.includes(basename(path))) return [];
    const stat = statSync(`/proc/${pid}/exe`, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return [];
    return { pid, startTicks, path, inode: `${kernelDevice(stat.dev)}:${stat.ino}` };
  });
}

/** Those of an earlier look that ran the same program all the while. */
export const stillRunning = (before: readonly Survivor[]): readonly Survivor[] => {
  const keyOf = ({ pid, startTicks, inode }: Survivor) => `${pid} ${startTicks} ${inode}`;
  const now = new Set(runningSurvivors().map(keyOf));
  return before.filter((one) => now.has(keyOf(one)));
};

/** Runs a copy of cat(1), which reads until we close its input or end. */
export const startSurvivor = (
  path: string,
  environment: Readonly<Record<string, string>>,
): ChildProcess =>
  spawn(path, [], { argv0: 'cat', env: environment, stdio: ['pipe', 'ignore', 'inherit'] }).on(
    'error',
    () => {},
  );
