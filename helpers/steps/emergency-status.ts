import { type EmergencyStatus, parseEmergencyStatus } from '../agent/contract/emergency.ts';
import type { CanaryRun } from './canary-run.ts';

/** What the kernel says of the kill switch, never the state file alone (docs/agent-contract.md §2.4). @returns in words why nobody knows. */
export async function emergencyStatus(
  run: Pick<CanaryRun, 'command'>,
): Promise<EmergencyStatus | string> {
  const result = await run.command('emergency-status', '--json');
  const parsed = parseEmergencyStatus(result.stdout);
  if (!parsed.ok) return `the emergency state cannot be read: ${parsed.error}`;
  return parsed.value.kernel_state_known
    ? parsed.value
    : 'the emergency state in the kernel is unknown to the agent';
}
