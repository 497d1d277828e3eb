import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import { agentPaths } from '../../changes/agent-state.ts';
import { fail, inconclusive, type Judgement, pass } from '../../criteria/judgement.ts';
import { type FolderEntry, folderEntries } from '../../host/folder-entries.ts';
import { type Listeners, listenersOf, takesConnections } from '../../host/listeners.ts';

const OTHERS_MAY_WRITE = 0o022;
const OTHERS_MAY = 0o077;
/** Of mode 0600 by the agent's promise, as all its pins are (docs/agent-contract.md §5.3). */
const PRIVATE_FILES = /^(deny\.db|policy\.applied(\.prev|\.sha256)?|capabilities\.json)$/;

const octal = (mode: number) => mode.toString(8).padStart(4, '0');

/** What is asked of a running agent here. */
type LookedAt = Pick<ReadyDaemon, 'identity' | 'metricsAddress'>;

function listeners(daemon: LookedAt): Listeners | undefined {
  try {
    return listenersOf(daemon.identity.pid);
  } catch {
    return undefined;
  }
}

/** The agent listens on the address that we named for its metrics, and nowhere else. */
export async function listensWhereAsked(daemon: LookedAt): Promise<Judgement> {
  const source = `/proc/${daemon.identity.pid}/net`;
  const told = listeners(daemon);
  if (told === undefined)
    return inconclusive('the sockets of the agent cannot be read', { source });
  const asked = `tcp ${daemon.metricsAddress}`;
  const others = told.network.filter((one) => one !== asked);
  const measured = { value: others.length, limit: 0, unit: 'listeners', source };
  if (others.length > 0)
    return fail(
      `nobody asked it to listen on ${others.join(', ')}; it was asked for ${asked}`,
      measured,
    );
  // A list without a socket that is there may be without others too.
  if (!told.network.includes(asked) && (await takesConnections(daemon.metricsAddress)))
    return inconclusive(
      `somebody takes connections on ${asked}, and it is not among the sockets of the agent: another process has it, or not all its sockets are listed; end what else listens there, and run again`,
      measured,
    );
  return pass(`it listens on ${told.network.join(', ') || 'no address'}`, measured);
}

/** What is wrong with an entry of the agent's, in words. */
function problemOf(
  { kind, mode, uid }: Pick<FolderEntry, 'kind' | 'mode' | 'uid'>,
  isPrivate: boolean,
): string | undefined {
  if (uid !== 0) return `belongs to user ${uid}`;
  // The mode of a link says nothing.
  if (kind === 'link') return undefined;
  if ((mode & OTHERS_MAY_WRITE) !== 0) return `can be written by others (mode ${octal(mode)})`;
  return isPrivate && (mode & OTHERS_MAY) !== 0
    ? `is open to others (mode ${octal(mode)}, expected 0600)`
    : undefined;
}

/** Files, pins and Unix sockets of the running agent are root's, and nobody else's to change. */
export function filesArePrivate(daemon: LookedAt, hostRoot: string): Judgement {
  const { dataDirectory, pinDirectory } = agentPaths(hostRoot);
  const below = (folder: string, isPrivate: (entry: FolderEntry) => boolean) =>
    folderEntries(folder, 'inode')?.map((entry) => ({
      path: join(folder, entry.name),
      problem: problemOf(entry, isPrivate(entry)),
    }));
  const files = below(dataDirectory, ({ name }) => PRIVATE_FILES.test(name));
  const pins = below(pinDirectory, ({ kind }) => kind === 'file');
  const sockets = listeners(daemon)?.unix.map((path) => ({ path, problem: socketProblem(path) }));
  // A ready agent has at least its report and its pins; the folder itself is an entry as well.
  const unknown = Object.entries({ [dataDirectory]: files, [pinDirectory]: pins })
    .flatMap(([folder, entries]) => ((entries?.length ?? 0) < 2 ? [folder] : []))
    .concat(sockets === undefined ? ['the list of its sockets'] : []);
  const looked = [...(files ?? []), ...(pins ?? []), ...(sockets ?? [])];
  const wrong = looked.filter(({ problem }) => problem !== undefined);
  const measured = { value: wrong.length, limit: 0, unit: 'entries', source: dataDirectory };
  if (wrong.length > 0)
    return fail(wrong.map(({ path, problem }) => `${path} ${problem}`).join('; '), measured);
  return unknown.length > 0
    ? inconclusive(`nothing could be looked at in ${unknown.join(', ')}`, measured)
    : pass(
        `${looked.length} files, pins and sockets belong to root and are closed to others`,
        measured,
      );
}

function socketProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return 'is a socket that anybody may connect to';
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 'is a socket whose file is gone';
  const { uid, mode } = stat;
  return problemOf({ kind: 'other', uid, mode: mode & 0o7777 }, true);
}
