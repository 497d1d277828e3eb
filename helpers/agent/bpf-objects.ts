import { realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fail, type Judgement } from '../criteria/judgement.ts';
import type { HashedFile } from '../evidence/run-record.ts';
import { isFile } from '../files/regular-file.ts';
import { sha256OfFile } from '../files/sha256.ts';
import { replaceable } from '../files/trusted-path.ts';
import type { Settings } from '../settings/settings.ts';
import { judgeCandidateFile, previousSettings } from './candidate.ts';

/** Where the agent looks when AEGIS_BPF_OBJ names no object (docs/agent-contract.md §7), on this host. */
const INSTALLED_OBJECT = 'usr/lib/aegisbpf/aegis.bpf.o';

/** The named object; else those that the agent's own search could find, for one of them is loaded. */
function objectPaths({ AEGIS_BIN, AEGIS_BPF_OBJ, HOST_ROOT }: Settings): string[] {
  if (AEGIS_BPF_OBJ !== undefined) return [AEGIS_BPF_OBJ];
  const beside = isFile(AEGIS_BIN) ? [join(dirname(realpathSync(AEGIS_BIN)), 'aegis.bpf.o')] : [];
  return [...new Set([...beside, join(HOST_ROOT, INSTALLED_OBJECT)])];
}

/** The BPF objects that the candidate may load, as they are now; what cannot be read is left out. */
export async function bpfObjects(settings: Settings): Promise<HashedFile[]> {
  const objects: HashedFile[] = [];
  for (const path of objectPaths(settings).filter(isFile)) {
    const sha256 = await sha256OfFile(path).catch(() => undefined);
    if (sha256 !== undefined) objects.push({ path, sha256, bytes: statSync(path).size });
  }
  return objects;
}

/** Why others could change what the candidate loads into the kernel, or undefined. */
function changeable(path: string): string | undefined {
  if (!isFile(path)) return undefined;
  if ((statSync(path).mode & 0o002) !== 0) return 'it can be written by anybody';
  return replaceable(path);
}

/** Judges the binaries of the candidate and the previous version, and that the BPF objects they may load are nobody else's to change. */
export function judgeCandidateFiles(settings: Settings): Judgement {
  const { AEGIS_BIN, AEGIS_BPF_OBJ_HASH_PATH: hash } = settings;
  const binary = judgeCandidateFile(AEGIS_BIN);
  if (binary.verdict !== 'pass') return binary;
  const previous = previousSettings(settings);
  if (previous !== undefined) {
    const file = judgeCandidateFile(previous.AEGIS_BIN, 'AEGIS_BIN_PREVIOUS');
    if (file.verdict !== 'pass') return file;
  }
  const objects = [settings, ...(previous === undefined ? [] : [previous])].flatMap(objectPaths);
  for (const path of [...objects, hash]) {
    if (path === undefined) continue;
    const why = changeable(path);
    if (why !== undefined)
      return fail(
        `others can change ${path}, and it would be loaded into the kernel: ${why}; move it elsewhere or \`chmod o-w\` it`,
        { value: path, source: 'AEGIS_BPF_OBJ' },
      );
  }
  return binary;
}

/** What is no longer as it was: changed, gone, or come up since. In words, one a file. */
export function objectChanges(
  before: readonly HashedFile[],
  after: readonly HashedFile[],
): readonly string[] {
  const was = new Map(before.map(({ path, sha256 }) => [path, sha256]));
  const is = new Map(after.map(({ path, sha256 }) => [path, sha256]));
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((path) => was.get(path) !== is.get(path))
    .map((path) => `${path} was ${was.get(path) ?? 'not there'} and is ${is.get(path) ?? 'gone'}`);
}
