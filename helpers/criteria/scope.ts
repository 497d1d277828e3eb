import { PHASES, type Phase, type Settings } from '../settings/settings.ts';
import { CATALOGUE, type CriterionEntry, entryOf, sectionNameOf } from './catalogue.ts';

/** False for criteria of phases that were not asked for, and for exit criteria about those: they are no gap. */
export function inScope(id: string, asked: readonly Phase[]): boolean {
  // Without a phase of its own every run judges it.
  const phases = entryOf(id)?.phases ?? PHASES.filter((phase) => phase === sectionNameOf(id));
  return phases.length === 0 || phases.some((phase) => asked.includes(phase));
}

/** Criteria of the runbook that a run must pass to pass what it was asked for. */
export function requiredCriteria(asked: readonly Phase[]): readonly string[] {
  return CATALOGUE.map(({ id }) => id).filter((id) => inScope(id, asked));
}

/** Knobs of parts that are tried by default. */
const BY_DEFAULT: readonly CriterionEntry['knob'][] = ['SOAK_OPERATIONS', 'SOAK_NET_WORKLOAD'];

/** Why an optional part is left out: its knob is off, or names nothing. Undefined where it is asked for. */
export function notRequested({ knob }: CriterionEntry, settings: Settings): string | undefined {
  if (knob === undefined) return undefined;
  const asked = settings[knob];
  if (asked === undefined && BY_DEFAULT.includes(knob)) return undefined;
  if (Array.isArray(asked) ? asked.length > 0 : asked) return undefined;
  if (asked === undefined) return `not asked for: ${knob} is not set`;
  return `not asked for: ${knob}${knob === 'SOAK_OPERATIONS' ? ' besides open' : ''} is off`;
}
