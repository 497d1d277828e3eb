import { deathsIn, livesIn } from '../agent/lives.ts';
import { fail, type Judgement, NotApplicable, pass } from '../criteria/judgement.ts';
import { counted } from '../text/counted.ts';
import type { CanaryRun } from './canary-run.ts';

/** Each life lasts until a step ends it: what a section saw after a death says nothing of what it tried. */
export function agentLivedThrough(
  { directory }: CanaryRun,
  section: 'coverage' | 'cost' | 'rollback',
): Judgement {
  const value = livesIn(section);
  const source = directory.finalPath(`${section}/`);
  const [death, ...more] = deathsIn(section);
  if (death !== undefined)
    return fail(
      `${death}, and nobody had told it to stop; from then on the host was not protected${more.length > 0 ? ` (${counted(more.length, 'later life', 'later lives')} died too)` : ''}`,
      { value: 'dead', limit: 'alive', source },
    );
  if (value === 0) throw new NotApplicable('no life of the agent got ready in this phase');
  return pass(`${counted(value, 'life', 'lives')}, each until it was told to stop`, {
    value,
    unit: 'lives',
    source,
  });
}
