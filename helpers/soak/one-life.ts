import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import type { SoakResult } from './result.ts';

/** One daemon life from start to end; the instant of death is in the message. */
export function agentStayedAlive(soak: SoakResult): Judgement {
  const source = `/proc/${soak.agent.pid}`;
  if (!soak.agent.alive) {
    return fail(
      `the agent (pid ${soak.agent.pid}) died ${soak.agent.diedAfterSeconds?.toFixed(1) ?? '?'} s into the soak: ${soak.agent.exit ?? 'how is unknown'}; from then on the host was not protected`,
      { value: 'dead', limit: 'alive', unit: 'state', source },
    );
  }
  const { pid, starts } = soak.agent;
  const lives = { value: starts, limit: 1, unit: 'lives', source };
  if (starts > 1) {
    return fail(
      `the agent (pid ${pid}) restarted: it said "Agent started" ${starts} times; between two lives the host was not protected`,
      { ...lives, source: `${soak.mode}/agent.stderr.log` },
    );
  }
  if (soak.otherInstance !== undefined) {
    return fail(
      `another instance of the agent appeared during the soak (${soak.otherInstance}): both share one configuration, so nothing measured since then belongs to the candidate alone`,
      { value: soak.otherInstance, limit: 'one instance', unit: 'instances', source: '/proc' },
    );
  }
  return pass(`pid ${pid} from start to end, one start, no other instance`, lives);
}

/** Opens after the agent's death are nobody's misses: the death is the finding, judged on its own. */
export function afterDeath(soak: SoakResult): Judgement | undefined {
  if (soak.agent.alive) return undefined;
  return inconclusive(
    'the agent died during the soak, so opens before and after its death cannot be told apart',
    { source: `/proc/${soak.agent.pid}` },
  );
}
