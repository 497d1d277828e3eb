import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseHealth } from '../agent/contract/health.ts';
import type { RunDirectory } from '../evidence/run-directory.ts';
import { hostPath } from '../host/observations.ts';
import type { Settings } from '../settings/settings.ts';
import { HEALTH_BEFORE } from './preflight.ts';

/** The BPF object that the agent told before the first phase: empty where it has none, undefined where it did not tell. */
export function toldObject(directory: RunDirectory): string | undefined {
  if (!directory.has(HEALTH_BEFORE)) return undefined;
  const parsed = parseHealth(directory.readText(HEALTH_BEFORE));
  return parsed.ok ? parsed.value.bpf_object_path : undefined;
}

/** The same as a path on this host; undefined where it told none. */
export function loadedObject(
  directory: RunDirectory,
  { AEGIS_BPF_OBJ, HOST_ROOT }: Pick<Settings, 'AEGIS_BPF_OBJ' | 'HOST_ROOT'>,
  isRehearsal: boolean,
): string | undefined {
  const told = toldObject(directory) ?? '';
  if (told === '') return undefined;
  if (!isRehearsal || told === AEGIS_BPF_OBJ) return resolve(told);
  // A stand-in plays the installed one, on a host that may be played.
  const played = hostPath(HOST_ROOT, told);
  return existsSync(played) ? played : undefined;
}
