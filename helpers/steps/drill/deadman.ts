import { fail, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { isRunning } from '../../host/processes.ts';
import { FIRST_OPEN_TIMEOUT_MS, singleGap, wrongSignals } from './enforcement-watch.ts';
import type { DrillStage } from './stage.ts';
import { mustHave } from './usage.ts';

/** The heartbeat comes every whole TTL/2 s, at least one; 1 leaves no margin (docs/agent-contract.md §5.5). */
const TTL_SECONDS = 3;
/** How long the bypass may take: more than the TTL by a loaded host's clock ticks and opens. */
const LIMIT_MS = TTL_SECONDS * 1000 + 3000;
const source = 'rollback/deadman.json';

/**
 * The deadman: an agent that no longer runs its heartbeat must not go on denying. It is stopped with
 * SIGSTOP, as a hung process is, and goes on with SIGCONT.
 */
export async function deadmanFailsOpen(stage: DrillStage): Promise<Judgement> {
  await mustHave(stage, '--deadman-ttl');
  await stage.stopAgent();
  const more = [`--deadman-ttl=${TTL_SECONDS}`];
  const { identity } = await stage.startAgent({ name: 'deadman', more });
  using watch = stage.watch(stage.prepared().guarded);
  try {
    if (!(await watch.until('denied', FIRST_OPEN_TIMEOUT_MS)))
      throw noEvidence('the guarded file was not denied before the agent was stopped', { source });
    const stoppedAt = performance.now();
    process.kill(identity.pid, 'SIGSTOP');
    const opened = await watch.until('allowed', LIMIT_MS);
    const openAfterMs = Math.round(performance.now() - stoppedAt);
    process.kill(identity.pid, 'SIGCONT');
    const resumedAt = performance.now();
    const measured = { value: openAfterMs, limit: LIMIT_MS, unit: 'ms', source };
    if (!opened) {
      return fail(
        `${openAfterMs} ms after the agent was stopped the file was still denied: with --deadman-ttl=${TTL_SECONDS} it must fail open`,
        measured,
      );
    }
    const back = await watch.until('denied', LIMIT_MS);
    const backAfterMs = Math.round(performance.now() - resumedAt);
    const report = await watch.stop();
    stage.run.directory.writeJson(source, { openAfterMs, backAfterMs, report });
    const gap = singleGap(report.stretches);
    if (!back || typeof gap === 'string') {
      return fail(
        `the agent went on, and enforcement did not come back as one gap: ${typeof gap === 'string' ? gap : `not within ${backAfterMs} ms`}`,
        { ...measured, value: backAfterMs },
      );
    }
    const signals = wrongSignals(report, stage.run.settings.ENFORCE_SIGNAL);
    if (signals !== undefined) return signals;
    return pass(
      `stopped, the agent's file was free after ${openAfterMs} ms (--deadman-ttl=${TTL_SECONDS}); ${backAfterMs} ms after it went on the file was denied again`,
      measured,
    );
  } finally {
    if (isRunning(identity)) process.kill(identity.pid, 'SIGCONT');
  }
}
