import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import type { SoakResult } from './result.ts';

/** One daemon life from start to end; the instant of death is in the message. */
export function agentStayedAlive(soak: SoakResult): Judgement {
  const { pid, starts, alive, diedAfterSeconds, exit } = soak.agent;
  const source = `/proc/${pid}`;
  if (!alive) {
    return fail(
      `the agent (pid ${pid}) died ${diedAfterSeconds?.toFixed(1) ?? '?'} s into the soak: ${exit ?? 'how is unknown'}; from then on the host was not protected`,
      { value: 'dead', limit: 'alive', source },
    );
  }
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

type JudgeSoak = (soak: SoakResult) => Judgement;

/** Opens after the agent's death are nobody's misses: the death is the finding, judged on its own. */
export const ofOneLife =
  (judge: JudgeSoak): JudgeSoak =>
  (soak) =>
    soak.agent.alive
      ? judge(soak)
      : inconclusive(
          'the agent died during the soak, so opens before and after its death cannot be distinguished',
          { source: `/proc/${soak.agent.pid}` },
        );
