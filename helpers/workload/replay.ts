import { readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { type OwnWorkload, workload } from './own-workload.ts';

/** What is opened again. */
export interface Replay extends Pick<OwnWorkload, 'name' | 'module'> {
  /** A file with one JSON document a line: events of the agent, or `decision-groups.ndjson` of an earlier run. */
  readonly events: string;
  /** Opens a second; 20 where absent. */
  readonly perSecond?: number;
}

const PER_SECOND = 20;

/** What names a file in events, and in groups of them. */
const NAMES = ['path', 'resolved_path', 'target'];

/** The files that a line names by a whole path. */
function pathsIn(line: string): string[] {
  try {
    const fields = Object.entries(JSON.parse(line) as object);
    return fields.flatMap(([name, value]) =>
      NAMES.includes(name) && typeof value === 'string' && value.startsWith('/') ? [value] : [],
    );
  } catch {
    // The agent's log has other lines as well.
    return [];
  }
}

/** Of a pipe or a device an open may wait for ever, or do something. */
const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

/** The regular files of this host that recorded events name, each once. @throws Error where there is none. */
function recordedFiles(events: string): readonly string[] {
  const named = new Set(readFileSync(events, 'utf8').split('\n').flatMap(pathsIn));
  const files = [...named].filter(isFile);
  if (files.length > 0) return files;
  const why = named.size === 0 ? 'names no file' : `names ${named.size}, none of them on this host`;
  throw new Error(`there is nothing to open again: ${events} ${why}`);
}

/**
 * A workload that opens, again and again, each file that recorded events name: what met the agent once meets it again. It only
 * reads, and only what is a regular file here.
 */
export function replay({ events, perSecond = PER_SECOND, ...named }: Replay): OwnWorkload {
  const counts = { completed: 0, failed: 0, error: '' };
  let opening: NodeJS.Timeout | undefined;
  async function openOne(path: string): Promise<void> {
    try {
      await (await open(path)).close();
      counts.completed += 1;
    } catch (error) {
      // Somebody has removed it since: that is nothing of the agent's.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      counts.failed += 1;
      counts.error = (error as Error).message;
    }
  }
  return workload({
    ...named,
    start() {
      const files = recordedFiles(events);
      let turn = 0;
      opening = setInterval(() => {
        void openOne(files[turn % files.length] ?? '');
        turn += 1;
      }, 1000 / perSecond);
    },
    stop: () => clearInterval(opening),
    counts: () => counts,
  });
}
