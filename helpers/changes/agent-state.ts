import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { entryDifferences, folderEntries } from '../host/folder-entries.ts';
import { hostPath } from '../host/observations.ts';
import type { JournalEntry } from './journal.ts';

/** The agent's own files and pins (docs/agent-contract.md §5.3); no option of the agent moves them. */
export const agentPaths = (hostRoot: string) => ({
  dataDirectory: hostPath(hostRoot, 'var/lib/aegisbpf'),
  pinDirectory: hostPath(hostRoot, 'sys/fs/bpf/aegisbpf'),
  cgroup: hostPath(hostRoot, 'sys/fs/cgroup/aegis_agent'),
  denyDatabase: hostPath(hostRoot, 'var/lib/aegisbpf/deny.db'),
  controlLog: hostPath(hostRoot, 'var/lib/aegisbpf/control_log.jsonl'),
  breakGlass: [
    hostPath(hostRoot, 'etc/aegisbpf/break_glass'),
    hostPath(hostRoot, 'var/lib/aegisbpf/break_glass'),
  ],
});

/** Files that our commands make the agent write; logs and counters of its own are left alone. */
const RESTORED = [
  'deny.db',
  'deny_ttl.db',
  'policy.applied',
  'policy.applied.prev',
  'policy.applied.sha256',
  'capabilities.json',
  'control_state.json',
];

/** The agent's own names besides: removed where they are new, and what it left when it was killed as it wrote. */
const REMOVED_IF_NEW = /^(control_log\.jsonl(\.\d+)?|control\.lock|\.aegis_tmp_\w+)$/;

/** The operator's audit trail, and grows: what was added to it stays. */
const MAY_GROW = /^control_log\.jsonl(\.\d+)?$/;

type AgentState = Extract<JournalEntry, { kind: 'agent-state' }>;
type SavedFile = AgentState['files'][number];

function saved(directory: string, name: string): SavedFile {
  const path = join(directory, name);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return { name, content: null, mode: 0, uid: 0, gid: 0 };
  if (!stat.isFile())
    throw new Error(`${path} is not a regular file; the agent would not write such a thing`);
  const content = readFileSync(path).toString('base64');
  return { name, content, mode: stat.mode & 0o777, uid: stat.uid, gid: stat.gid };
}

/** Records the agent's state as it is, before the first command that loads BPF. */
export function snapshotAgentState(hostRoot: string): AgentState {
  const paths = agentPaths(hostRoot);
  return {
    kind: 'agent-state',
    dataDirectory: paths.dataDirectory,
    dataDirectoryExisted: existsSync(paths.dataDirectory),
    dataEntries: folderEntries(paths.dataDirectory, 'bytes'),
    files: RESTORED.map((name) => saved(paths.dataDirectory, name)),
    pinDirectory: paths.pinDirectory,
    pinDirectoryExisted: existsSync(paths.pinDirectory),
    pinEntries: folderEntries(paths.pinDirectory, 'inode'),
    cgroup: paths.cgroup,
    cgroupExisted: existsSync(paths.cgroup),
  };
}

/** The rules of a deny.db as a set: the agent rewrites the file in its own order. */
const ruleSet = (content: string | null, ours: readonly string[] = []) =>
  content === null
    ? ''
    : [...new Set(Buffer.from(content, 'base64').toString('utf8').split('\n'))]
        .filter((rule) => !isOurs(rule, ours))
        .sort()
        .join('\n')
        .trim();

/** Ends a line of deny.db with a path of ours, or with one in a directory of ours. */
const isOurs = (rule: string, ours: readonly string[]) =>
  ours.some((path) => (path.endsWith('/') ? rule.includes(` ${path}`) : rule.endsWith(` ${path}`)));

function restoreFile(
  state: AgentState,
  file: SavedFile,
  ours: readonly string[],
): string | undefined {
  const now = saved(state.dataDirectory, file.name);
  // Bytes, mode and owner: an operator's file is as before only when all of them are.
  if (isDeepStrictEqual(now, file)) return undefined;
  const path = join(state.dataDirectory, file.name);
  if (file.name === 'deny.db' && ruleSet(now.content, ours) !== ruleSet(file.content)) {
    // Our own rules are gone by now: what differs is somebody else's work during the run.
    return `${path} holds other rules than before the run; it was not touched`;
  }
  if (file.content === null) {
    unlinkSync(path);
    return undefined;
  }
  mkdirSync(state.dataDirectory, { recursive: true });
  const temporary = `${path}.aegisbpf-canary`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, Buffer.from(file.content, 'base64'), { mode: file.mode, flag: 'wx' });
  // The mode given at creation is cut by the umask.
  chmodSync(temporary, file.mode);
  chownSync(temporary, file.uid, file.gid);
  renameSync(temporary, path);
  return undefined;
}

/**
 * Puts the agent's state back. Runs last, when no process of ours is left and our rules are gone.
 * Pins are removed whole or not at all: a partly removed set makes the agent run on freed memory
 * (docs/agent-contract.md §6.6).
 * @param ours paths, or directories with a slash, whose rules in deny.db are ours and not in force any more.
 * @returns what could not be put back, one sentence each.
 */
export function restoreAgentState(state: AgentState, ours: readonly string[] = []): string[] {
  const problems: string[] = [];
  const attempt = (what: string, action: () => unknown) => {
    try {
      const problem = action();
      if (typeof problem === 'string') problems.push(problem);
    } catch (error) {
      problems.push(`${what}: ${(error as Error).message}`);
    }
  };
  const { pinDirectory, cgroup, dataDirectory } = state;
  if (!state.pinDirectoryExisted && existsSync(pinDirectory))
    attempt(`could not remove ${pinDirectory}`, () => removePins(pinDirectory));
  if (!state.cgroupExisted && existsSync(cgroup))
    attempt(`could not remove ${cgroup}`, () => rmdirSync(cgroup));
  if (!state.dataDirectoryExisted) {
    attempt(`could not remove ${dataDirectory}`, () =>
      rmSync(dataDirectory, { recursive: true, force: true }),
    );
    return problems;
  }
  for (const file of state.files)
    attempt(`could not restore ${file.name}`, () => restoreFile(state, file, ours));
  attempt('could not remove what the agent left', () => {
    // A journal of an older version knows no entries, and so not whose these are.
    if (state.dataEntries === undefined || !existsSync(dataDirectory)) return;
    const known = new Set(state.dataEntries.map(({ name }) => name));
    for (const entry of readdirSync(dataDirectory, { withFileTypes: true }))
      if (entry.isFile() && REMOVED_IF_NEW.test(entry.name) && !known.has(entry.name))
        unlinkSync(join(dataDirectory, entry.name));
  });
  return problems;
}

/** All pins and their directory, or none of them. @returns what is in the way. */
export function removePins(directory: string): string | undefined {
  // Looked at before the first is removed: whole or not at all.
  const pins = readdirSync(directory, { withFileTypes: true });
  const folder = pins.find((pin) => pin.isDirectory());
  if (folder !== undefined)
    return `${directory} holds a folder ${folder.name}, which the agent does not make; it was not touched`;
  for (const { name } of pins) unlinkSync(join(directory, name));
  rmdirSync(directory);
  return undefined;
}

/** The agent's state without the bytes of its files: all that a comparison needs. */
export type ComparedState = Omit<AgentState, 'files'>;

/** What differs from the state as we found it, one sentence each; empty when all is as before. */
export function agentStateDifferences(state: ComparedState): string[] {
  const appeared = (path: string, existed: boolean, what?: string) => {
    if (existsSync(path) === existed) return [];
    if (existed) return [`${path} is gone`];
    const holds = what === undefined ? '' : ` (${readdirSync(path).length} ${what})`;
    return [`${path}${holds} was not there before the run`];
  };
  return [
    ...appeared(state.pinDirectory, state.pinDirectoryExisted, 'pins'),
    ...appeared(state.cgroup, state.cgroupExisted),
    ...appeared(state.dataDirectory, state.dataDirectoryExisted, 'entries'),
    ...differencesIn(state.pinDirectory, state.pinEntries, 'inode'),
    ...differencesIn(state.dataDirectory, state.dataEntries, 'bytes'),
  ];
}

function differencesIn(
  folder: string,
  before: AgentState['dataEntries'],
  content: 'bytes' | 'inode',
): string[] {
  const now = folderEntries(folder, content);
  if (before === undefined || now === undefined) return [];
  const known = new Set(before.map(({ name }) => name));
  const logs = now.filter(({ name, kind }) => kind === 'file' && MAY_GROW.test(name));
  const grown = new Set(logs.map(({ name }) => name)).intersection(known);
  const without = (list: typeof now) => list.filter(({ name }) => !grown.has(name));
  return entryDifferences(folder, without(before), without(now));
}
