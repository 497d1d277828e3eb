import { type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import type { Settings } from '../../settings/settings.ts';
import { judgeDefect } from '../phases/known-defects.ts';
import { deniedOpens } from './enforcement-watch.ts';
import type { RefusalTrial } from './refusal-trial.ts';

/** The open under way while the metrics are read may be denied and not counted yet. */
const IN_FLIGHT = 1;

/** The decision counters over refused policies: whoever watches the node would see an attack end. */
export function countersOnlyGrew(
  { refusals, guarded, counted }: RefusalTrial,
  settings: Settings,
): Judgement {
  const source = 'aegisbpf metrics, aegisbpf_blocks_total';
  const unread = refusals.flatMap(({ name, decisionsBefore, decisions }) =>
    decisionsBefore === undefined || decisions === undefined ? [name] : [],
  );
  if (unread.length > 0)
    throw noEvidence(
      `the metrics could not be read around refused policies: ${unread.join(', ')}`,
      { source },
    );
  const resets = refusals.flatMap(({ name, exitCode, decisionsBefore = 0, decisions = 0 }) =>
    exitCode !== 0 && decisions < decisionsBefore
      ? [`${name} (${decisionsBefore} → ${decisions})`]
      : [],
  );
  // On a slow host a counter has grown past its old value again before it is read. An open that went
  // through may be no decision at all, so only denied ones must have been counted.
  const denied = deniedOpens(guarded.stretches);
  if (resets.length === 0 && counted !== undefined && counted < denied - IN_FLIGHT)
    resets.push(`one or more of them (${denied} opens were denied, ${counted} are counted)`);
  const measured = { value: resets.length, limit: 0, unit: 'resets', source };
  if (resets.length === 0)
    return pass(`decisions only grew, over ${refusals.length} refused policies`, measured);
  return judgeDefect(
    settings,
    'refused-policy-resets-counters',
    {
      title: 'a refused policy resets the counters',
      severity: 'medium',
      reference: 'docs/agent-contract.md §6.5, §3.2',
      detail: `the decision counters went backwards after \`policy apply\` refused: ${resets.join(', ')}; alerts that are built on them see a restart, and counts of the time before are lost`,
    },
    measured,
  );
}
