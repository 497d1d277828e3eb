import { bpfObjects } from '../../agent/bpf-objects.ts';
import { previousSettings } from '../../agent/candidate.ts';
import { type Candidate, runCommand } from '../../agent/command.ts';
import { parseVersion } from '../../agent/contract/version.ts';
import { sha256OfFile } from '../../files/sha256.ts';
import type { Settings } from '../../settings/settings.ts';
import type { CanaryRun } from '../canary-run.ts';

/** Which version the candidate is compared with. */
export async function aboutPrevious(previous: Candidate) {
  const answer = parseVersion((await runCommand(previous, 'version')).stdout);
  const version = answer.ok ? answer.value.version : 'a version that it does not tell';
  const path = previous.executable;
  return { version, path, sha256: await sha256OfFile(path) };
}

/** Why the previous version is no other than the candidate: the same bytes under another name show nothing. */
export async function isItself(
  { settings, provided }: Pick<CanaryRun, 'settings' | 'provided'>,
  sha256: string,
): Promise<string | undefined> {
  const other = previousSettings(settings);
  if (sha256 !== provided.candidateSha256 || other === undefined) return undefined;
  const hashes = async (of: Settings) => (await bpfObjects(of)).map((file) => file.sha256).join();
  return (await hashes(settings)) === (await hashes(other))
    ? 'AEGIS_BIN_PREVIOUS and its BPF object are the same bytes as the candidate and its own'
    : undefined;
}
