import type { Settings } from '../../settings/settings.ts';

/** A part of a phase that is off by default: the knob that asks for it, and whether it does. */
export interface AskedPart {
  readonly knob: string;
  readonly on: boolean;
}

/** The optional parts of a soak phase. */
export function askedParts(
  settings: Settings,
): Readonly<Record<'operations' | 'network' | 'headroom', AskedPart>> {
  return {
    operations: {
      knob: 'SOAK_OPERATIONS besides open',
      on: settings.SOAK_OPERATIONS.length > 0,
    },
    network: { knob: 'SOAK_NET_WORKLOAD', on: settings.SOAK_NET_WORKLOAD },
    headroom: { knob: 'HEADROOM', on: settings.HEADROOM },
  };
}
