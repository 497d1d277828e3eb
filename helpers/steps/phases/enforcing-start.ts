import type { Candidate } from '../../agent/command.ts';
import { type ReadyDaemon, StartingDaemon } from '../../agent/daemon.ts';
import { type DaemonOptions, daemonOptions } from '../../agent/daemon-options.ts';
import { mustLive } from '../../agent/lives.ts';
import { noEvidence } from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';

/** Name of a start, and options of `run` that no other one has. */
type Life = Pick<DaemonOptions, 'name' | 'more' | 'eventFormat'>;

/** One start of this version, which enforces without a signal, and what is done meanwhile. */
export const whileEnforcing = <T>(
  run: CanaryRun,
  version: Candidate,
  life: Life,
  use: (ready: ReadyDaemon) => Promise<T>,
): Promise<T> => whileStarted(run, version, { ...life, mode: 'enforce' }, use);

/** The same in either mode. */
export async function whileStarted<T>(
  run: CanaryRun,
  version: Candidate,
  life: Life & Pick<DaemonOptions, 'mode'>,
  use: (ready: ReadyDaemon) => Promise<T>,
): Promise<T> {
  const options = await daemonOptions(run.settings, { enforceSignal: 'none', ...life });
  const starting = new StartingDaemon(version, options, run.directory);
  try {
    const ready = await starting.ready();
    if (version === run.candidate) mustLive('coverage', ready);
    const done = await use(ready);
    if (ready.isRunning()) return done;
    throw noEvidence('the agent ended while the routes were taken', { source: life.name });
  } finally {
    await starting.stop();
  }
}
