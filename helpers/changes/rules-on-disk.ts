import { existsSync, readFileSync } from 'node:fs';
import { parseDenyDb } from '../agent/contract/rules.ts';
import { agentPaths } from './agent-state.ts';
import { type RuleList, ruleText } from './rules.ts';

/**
 * Rules of deny.db that the kernel does not hold, as after a reboot without a start of the service:
 * no list shows them, and a policy apply rewrites the file without them (docs/agent-contract.md §6.5).
 */
export function rulesOnlyOnDisk(rules: RuleList, hostRoot: string): string[] {
  const { denyDatabase } = agentPaths(hostRoot);
  if (!existsSync(denyDatabase)) return [];
  const parsed = parseDenyDb(readFileSync(denyDatabase, 'utf8'));
  if (!parsed.ok) return [`${denyDatabase} cannot be read: ${parsed.error}`];
  const inKernel = new Set(rules.files.map(({ ino }) => ino));
  return parsed.value
    .filter(({ ino }) => !inKernel.has(ino))
    .map((rule) => `${ruleText(rule)} in ${denyDatabase}, which the kernel does not hold`);
}
