import { cleanText } from './group-text.ts';
import type { WhatIf } from './what-if.ts';

/** Groups that are listed of each kind; all stand in decision-groups.ndjson. */
const MOST_LISTED = 50;

const decisions = (simulated: readonly WhatIf[]) =>
  simulated.reduce((sum, { group }) => sum + group.count, 0).toLocaleString('en');

function part(title: string, simulated: readonly WhatIf[]): string[] {
  if (simulated.length === 0) return [];
  const more = simulated.length - MOST_LISTED;
  return [
    `${title}: ${simulated.length} groups, ${decisions(simulated)} decisions`,
    ...simulated
      .slice(0, MOST_LISTED)
      .map(
        ({ group, rule }) =>
          `  ${group.count.toLocaleString('en').padStart(10)}  ${cleanText(group.group)}  (${cleanText(rule)})`,
      ),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

/** What another policy would do, one group a line, those first that it would still block. */
export function whatIfText(simulated: readonly WhatIf[]): string {
  if (simulated.length === 0) return 'no decision was recorded, so there is nothing to simulate\n';
  const of = (blocked: WhatIf['blocked']) => simulated.filter((one) => one.blocked === blocked);
  return `${[
    ...part('this policy would still block', of(true)),
    ...part('this policy would let pass', of(false)),
    ...part('not told, because simulate knows no such event', of('not simulated')),
  ].join('\n')}\n\n`;
}
