import { inconclusive, type Judgement } from '../criteria/judgement.ts';
import type { SoakResult } from './result.ts';

/** Opens after the agent's death are nobody's misses: the death is the finding, judged on its own. */
export function afterDeath(soak: SoakResult): Judgement | undefined {
  if (soak.agent.alive) return undefined;
  return inconclusive(
    'the agent died during the soak, so opens before and after its death cannot be told apart',
    { source: `/proc/${soak.agent.pid}` },
  );
}
