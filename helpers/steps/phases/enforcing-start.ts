import type { Candidate } from '../../agent/command.ts';
import { type ReadyDaemon, StartingDaemon } from '../../agent/daemon.ts';
import { type DaemonOptions, daemonOptions } from '../../agent/daemon-options.ts';
import { mustLive } from '../../agent/lives.ts';
import { noEvidence } from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';

/**
 * One start of this version, which enforces without a signal, and what is done meanwhile.
 * @param life its name, and options of `run` that no other start has.
 */
export async function whileEnforcing<T>(
  run: CanaryRun,
  version: Candidate,
  { name, ...more }: Pick<DaemonOptions, 'name' | 'more' | 'eventFormat'>,
  use: (ready: ReadyDaemon) => Promise<T>,
): Promise<T> {
  const options = await daemonOptions(run.settings, {
    ...{ name, mode: 'enforce', enforceSignal: 'none', ...more },
  });
  const starting = new StartingDaemon(version, options, run.directory);
  try {
    const ready = await starting.ready();
    if (version === run.candidate) mustLive('coverage', ready);
    const done = await use(ready);
    if (ready.isRunning()) return done;
    throw noEvidence('the agent ended while the routes were taken', { source: name });
  } finally {
    await starting.stop();
  }
}
