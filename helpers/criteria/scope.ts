import type { Phase } from '../settings/settings.ts';
import { RUNBOOK, type Section } from './runbook.ts';

const PHASES: readonly string[] = ['audit', 'enforce', 'rollback'];
const OF_A_SOAK: readonly string[] = ['exit.thresholds', 'exit.false-positives'];

/** False for criteria of phases that were not asked for, and for exit criteria about those: they are no gap. */
export function inScope(id: string, asked: readonly Phase[]): boolean {
  const [section = '', name = ''] = id.split('.', 2);
  const among: readonly string[] = asked;
  const phase = section === 'exit' ? name : section;
  if (PHASES.includes(phase)) return among.includes(phase);
  return !OF_A_SOAK.includes(id) || asked.some((one) => one !== 'rollback');
}

/** Criteria of the runbook that a run must pass to pass what it was asked for. */
export function requiredCriteria(asked: readonly Phase[]): readonly string[] {
  return (Object.keys(RUNBOOK) as Section[])
    .flatMap((section): readonly string[] => RUNBOOK[section])
    .filter((id) => inScope(id, asked));
}
