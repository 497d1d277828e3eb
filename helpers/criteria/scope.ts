import { PHASES, type Phase } from '../settings/settings.ts';
import { CATALOGUE, entryOf, sectionNameOf } from './catalogue.ts';

/** Phases of which one must be asked for; undefined for what every run judges. */
function phasesOf(id: string): readonly Phase[] | undefined {
  const section = sectionNameOf(id);
  const own = PHASES.find((phase) => phase === section);
  return entryOf(id)?.phases ?? (own === undefined ? undefined : [own]);
}

/** False for criteria of phases that were not asked for, and for exit criteria about those: they are no gap. */
export function inScope(id: string, asked: readonly Phase[]): boolean {
  const phases = phasesOf(id);
  return phases === undefined || phases.some((phase) => asked.includes(phase));
}

/** Criteria of the runbook that a run must pass to pass what it was asked for. */
export function requiredCriteria(asked: readonly Phase[]): readonly string[] {
  return CATALOGUE.map(({ id }) => id).filter((id) => inScope(id, asked));
}
