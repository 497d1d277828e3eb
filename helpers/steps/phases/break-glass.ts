import { existsSync } from 'node:fs';
import { StartingDaemon } from '../../agent/daemon.ts';
import { daemonOptions } from '../../agent/daemon-options.ts';
import { agentPaths } from '../../changes/agent-state.ts';
import { setBreakGlass } from '../../changes/break-glass.ts';
import { tryRules } from '../../coverage/try-rules.ts';
import { fail, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';

const NAME = 'coverage/break-glass';

/** An enforcing start under break-glass denies nothing, and tells what it would have denied. */
export async function breakGlassAudits(
  run: CanaryRun,
  subjects: Pick<CoverageSubjects, 'deniedFile'>,
): Promise<Judgement> {
  const path = agentPaths(run.settings.HOST_ROOT).breakGlass.at(-1) ?? '';
  const denied = subjects.deniedFile();
  if (existsSync(path))
    throw noEvidence(`${path} is there already, so break-glass cannot be tried`, { source: path });
  const options = await daemonOptions(run.settings, {
    ...{ name: NAME, mode: 'enforce', enforceSignal: 'none', underBreakGlass: true },
  });
  const end = setBreakGlass(path, run.provided.runId, await run.journal());
  let starting: StartingDaemon | undefined;
  try {
    starting = new StartingDaemon(run.candidate, options, run.directory);
    const { events } = await starting.ready();
    const attempt = { kind: 'file', path: denied } as const;
    const tried = await tryRules([attempt], run.candidate.environment, events);
    if (tried === undefined)
      throw noEvidence('the process that opens the denied file reported nothing', { source: NAME });
    return judgeBreakGlass(tried.outcomes[0] ?? 'unknown', tried.actions);
  } finally {
    end();
    await starting?.stop();
  }
}

/** @param actions of the events that the open made. */
export function judgeBreakGlass(outcome: string, actions: readonly string[]): Judgement {
  const measured = {
    ...{ value: outcome, limit: 'let through' },
    source: `${NAME}/agent.stdout.ndjson`,
  };
  const told = actions.length === 0 ? 'no event' : `action ${actions.join(', ')}`;
  return outcome === 'let through' && actions.length === 1 && actions[0] === 'AUDIT'
    ? pass('an open of a denied file went through, recorded as AUDIT', measured)
    : fail(
        `break-glass was set before the start, and an open of a denied file met ${outcome} with ${told}, expected that it goes through with one event of action AUDIT`,
        measured,
      );
}
