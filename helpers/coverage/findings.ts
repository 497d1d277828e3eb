import type { Finding } from '../criteria/judgement.ts';
import type { Group } from './table.ts';

/** What it means where the routes of a group go through unseen: each has a name for KNOWN_DEFECTS. */
export const FINDINGS: Partial<Record<Group, Finding & { readonly id: string }>> = {
  truncate: {
    id: 'truncate-by-path',
    title: 'truncate(2) empties a denied file',
    severity: 'high',
    reference: 'docs/agent-contract.md §9.2',
    detail:
      'truncate(2) by path emptied a file with a deny rule: its content is destroyed, and there is no event and no count of it',
  },
  mapped: {
    id: 'v4-mapped-address',
    title: 'a denied IPv4 address is reached in its IPv6 form',
    severity: 'high',
    reference: 'docs/agent-contract.md §9.1.3',
    detail:
      'a connect to ::ffff:ADDRESS by an IPv6 socket went to an IPv4 address with a deny rule, and there is no event and no count of it',
  },
};
