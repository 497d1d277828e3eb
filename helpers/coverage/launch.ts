import type { Journal } from '../changes/journal.ts';
import type { Systemd } from '../changes/transient-unit.ts';
import { stopUnit } from '../changes/undo-entry.ts';
import type { Kind } from './table.ts';

/** How a process of a kind is started: what stands before its command, and what is done once it has ended. */
export interface Launch {
  readonly before: readonly string[];
  readonly ended?: (exitCode: number | undefined) => Promise<void>;
}

const UNSHARE = '/usr/bin/unshare';

/** unshare(1) makes the namespaces, and everything else the process does itself. */
const UNSHARED: Partial<Record<Kind, readonly string[]>> = {
  'mount-namespace': ['--mount'],
  neighbour: ['--mount'],
  'overlay-holder': ['--mount'],
  'pid-namespace': ['--pid', '--fork', '--kill-child'],
  'user-namespace': ['--user'],
  'network-namespace': ['--net'],
  'network-ipv6': ['--net'],
  'network-ipv6-holder': ['--net'],
  'network-ipv6-neighbour': ['--net'],
  'cgroup-namespace': ['--cgroup'],
  'all-namespaces': [
    ...['--mount', '--pid', '--net', '--cgroup', '--uts', '--ipc'],
    ...['--fork', '--kill-child'],
  ],
};

/** Options of systemd-run(1): its output and its input are ours, and nothing of the unit stays once it has ended. */
const UNITS: Partial<
  Record<Kind, { readonly suffix: string; readonly options: readonly string[] }>
> = {
  service: { suffix: 'service', options: ['--pipe', '--wait'] },
  // Where systemd-logind has the sessions.
  scope: { suffix: 'scope', options: ['--scope', '--slice=user.slice'] },
};

/** Starts processes of each kind; units of systemd stand in the journal while they live. */
export class Launcher {
  readonly #systemd: Systemd | string;
  readonly #runId: string;
  readonly #journal: Journal;
  #units = 0;

  /** @param systemd of this host, or in words why there is none. */
  constructor(systemd: Systemd | string, runId: string, journal: Journal) {
    this.#systemd = systemd;
    this.#runId = runId;
    this.#journal = journal;
  }

  /** @returns in words why no process of this kind can be had on this host. */
  launch(kind: Kind, environment: Readonly<Record<string, string>>): Launch | string {
    const unit = UNITS[kind];
    if (unit === undefined) {
      const options = UNSHARED[kind];
      return { before: options === undefined ? [] : [UNSHARE, ...options] };
    }
    if (typeof this.#systemd === 'string') return this.#systemd;
    const { systemctl, systemdRun } = this.#systemd;
    this.#units += 1;
    const name = `aegisbpf-canary-${this.#runId}-${this.#units}.${unit.suffix}`;
    const id = this.#journal.record({ kind: 'unit', name, systemctl });
    // A service has the environment of systemd, a scope that of its caller.
    const variables = Object.entries(kind === 'service' ? environment : {}).map(
      ([variable, value]) => `--setenv=${variable}=${value}`,
    );
    const options = [...unit.options, ...variables, '--'];
    return {
      before: [systemdRun, '--quiet', '--collect', `--unit=${name}`, ...options],
      ended: async (exitCode) => {
        // One whose process ended in order is gone by itself.
        const problem = exitCode === 0 ? undefined : await stopUnit(systemctl, name);
        if (problem === undefined) this.#journal.strike(id);
      },
    };
  }
}
