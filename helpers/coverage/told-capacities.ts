import type { Health } from '../agent/contract/health.ts';
import type { Metrics } from '../agent/contract/metrics.ts';
import { inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import type { Table } from './agent-tables.ts';

/** How many entries a table has room for, by somebody's word. */
export interface ToldCapacity {
  readonly name: string;
  readonly most: number;
  readonly by: string;
}

/** The kernel keeps so many bytes of a map's name (BPF_OBJ_NAME_LEN, with a null). */
const NAME_BYTES = 15;

/** What the metrics tell of it. */
export const toldByMetrics = (metrics: Metrics): readonly ToldCapacity[] =>
  metrics
    .samples('aegisbpf_map_capacity')
    .flatMap(({ labels: { map: name }, value: most }) =>
      name === undefined ? [] : [{ name, most, by: 'aegisbpf_map_capacity' }],
    );

/** What health tells of it. */
export const toldByHealth = ({ map_pressure = [] }: Health): readonly ToldCapacity[] =>
  map_pressure.map(({ name, max: most }) => ({ name, most, by: '`health --json`' }));

/**
 * Each with the room that the kernel's map of its name has. Some names of maps end in `_map`, and the kernel cuts them all; where two
 * maps have a name, nobody knows which one is meant.
 */
export function withRoom(
  told: readonly ToldCapacity[],
  tables: readonly Table[],
): readonly (ToldCapacity & { readonly room: number })[] {
  return told.flatMap((one) => {
    const names = [one.name, `${one.name}_map`].map((name) => name.slice(0, NAME_BYTES));
    const [room, ...others] = new Set(
      tables.filter(({ name }) => names.includes(name)).map(({ most }) => most),
    );
    return room === undefined || others.length > 0 ? [] : [{ ...one, room }];
  });
}

/** In words, for a finding. */
export const wrongRoomText = (wrong: ReturnType<typeof withRoom>): string =>
  wrong
    .map(
      ({ name, most, by, room }) =>
        `${by} says that ${name} has room for ${most} entries, and the kernel's map has room for ${room}`,
    )
    .join('; ');

/**
 * Where each table that could be compared has the room that the agent tells.
 * @param unread what tells it as well and could not be read, with the reason.
 */
export function judgeRoom(compared: number, unread: readonly string[], source: string): Judgement {
  if (unread.length > 0)
    return inconclusive(
      `nobody knows whether all capacities that the agent tells are so: ${unread.join('; ')}`,
      { source },
    );
  if (compared === 0)
    return inconclusive(
      'nobody knows whether the capacities that the agent tells are so: none of them belongs to a map by its name; see how this version names its maps',
      { source },
    );
  return pass(`${compared} capacities that the agent tells are those of the kernel's maps`, {
    ...{ value: 0, limit: 0, unit: 'tables', source },
  });
}
