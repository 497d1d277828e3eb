import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** Where a run's traces are kept until they are undone; it survives a reboot, as a probe file does. */
export const STATE_DIRECTORY = '/var/lib/aegisbpf-canary';

/** A file's identity: undoing touches only the very file that we made. */
const fileIdentity = { dev: z.string().regex(/^\d+$/), ino: z.string().regex(/^\d+$/) };

const savedFile = z.object({
  name: z.string(),
  /** Base64 of the bytes, or null where there was no such file. */
  content: z.string().nullable(),
  mode: z.number().int(),
  uid: z.number().int(),
  gid: z.number().int(),
});

/** One change on the host, written before it is made. */
const entry = z.discriminatedUnion('kind', [
  /** The agent's own state as we found it: what was absent is removed, what was there is put back. */
  z.object({
    kind: z.literal('agent-state'),
    dataDirectory: z.string(),
    dataDirectoryExisted: z.boolean(),
    files: z.array(savedFile),
    pinDirectory: z.string(),
    pinDirectoryExisted: z.boolean(),
    cgroup: z.string(),
    cgroupExisted: z.boolean(),
  }),
  z.object({ kind: z.literal('directory'), path: z.string(), ...fileIdentity }),
  z.object({ kind: z.literal('deny-rule'), path: z.string(), ...fileIdentity }),
  /** A policy of ours was applied; undone by applying one that holds only the host's own rules. */
  z.object({ kind: z.literal('policy'), emptyPolicy: z.string() }),
  z.object({ kind: z.literal('network-rule'), arguments: z.array(z.string()) }),
  /** Enforcement was, or may have been, bypassed by an emergency-disable; it outlives every process. */
  z.object({ kind: z.literal('emergency') }),
  /** A transient systemd unit that would start the agent again whenever we stop it. */
  z.object({
    kind: z.literal('unit'),
    name: z.string().regex(/^aegisbpf-canary-[\w-]+\.service$/),
    systemctl: z.string(),
  }),
]);

export type JournalEntry = z.output<typeof entry>;

const header = z.object({
  kind: z.literal('run'),
  runId: z.string().regex(/^[\w-]+$/),
  runDirectory: z.string(),
  candidate: z.string(),
  candidateSha256: z.string(),
  /** The environment that the candidate's commands are run with. */
  environment: z.record(z.string(), z.string()),
  startedAt: z.string(),
  /** COMMAND_TIMEOUT_SECONDS of the run: undoing gives the agent's commands as long. */
  commandTimeoutSeconds: z.number().int().positive().optional(),
  /** The boot it ran in (random(4)): after another one the kernel's maps are gone, files are not. */
  bootId: z.string().optional(),
});

export const bootId = () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

export type JournalHeader = z.output<typeof header>;

const line = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('done'), id: z.string() }),
  z.object({ kind: z.literal('entry'), id: z.string(), entry }),
  header,
]);

export interface PendingEntry {
  readonly id: string;
  readonly entry: JournalEntry;
}

/**
 * What we did to the host, on disk before we do it. Undo is this file read backwards; an entry that
 * was undone is struck by a later line, so that a second reader never undoes it again.
 */
export class Journal {
  readonly path: string;
  constructor(path: string = join(STATE_DIRECTORY, 'journal.ndjson')) {
    this.path = path;
  }

  /** Opens a new journal for a run. The caller holds the lock, and has undone the former one. */
  begin(run: Omit<JournalHeader, 'kind'>): void {
    mkdirSync(STATE_DIRECTORY, { recursive: true, mode: 0o700 });
    const state = lstatSync(STATE_DIRECTORY);
    if (!state.isDirectory() || state.uid !== 0) {
      throw new Error(`${STATE_DIRECTORY} must be a directory owned by root; remove what is there`);
    }
    const former = this.read();
    const left =
      this.unreadable() ??
      (former?.pending.length ? 'it holds changes that are not undone' : undefined);
    if (left !== undefined)
      throw new Error(
        `${this.path} is of another run (${former?.run.runId}): ${left}; run \`npm run recover\``,
      );
    rmSync(this.path, { force: true });
    writeFileSync(this.path, '', { mode: 0o600, flag: 'wx' });
    this.#append({ kind: 'run', ...run });
  }

  /** Writes down a change before it is made. Returns the entry's id for `strike`. */
  record(change: JournalEntry): string {
    const id = `${process.pid}-${process.hrtime.bigint()}`;
    this.#append({ kind: 'entry', id, entry: change });
    return id;
  }

  /** Notes that the change was undone. */
  strike(id: string): void {
    this.#append({ kind: 'done', id });
  }

  /** Removes the journal, and its folder with it, once nothing is left to undo. */
  end(): void {
    rmSync(this.path, { force: true });
    try {
      rmdirSync(dirname(this.path));
    } catch {
      // Never made, or it holds something that is not ours.
    }
  }

  /** The run's header and what is still to be undone, the newest first; undefined without a run. */
  read(): { run: JournalHeader; pending: readonly PendingEntry[] } | undefined {
    if (!existsSync(this.path)) return undefined;
    const lines = this.#lines();
    const run = lines.find((one) => one.kind === 'run');
    if (run === undefined) return undefined;
    const done = new Set(lines.flatMap((one) => (one.kind === 'done' ? [one.id] : [])));
    const pending = lines.flatMap((one) =>
      one.kind === 'entry' && !done.has(one.id) ? [one] : [],
    );
    return { run, pending: pending.reverse() };
  }

  /** Why not all of it can be undone: lines that this version does not understand. Torn lines are none. */
  unreadable(): string | undefined {
    if (!existsSync(this.path)) return undefined;
    const values = this.#values();
    const strange = values.filter((value) => !line.safeParse(value).success).length;
    const headless = values.length > 0 && this.read() === undefined;
    return strange > 0 || headless
      ? `the journal ${this.path} holds ${strange > 0 ? `${strange} lines that cannot be understood` : 'changes of no known run'}; recover with the version of the suite that wrote it, or look at the host yourself and remove the file`
      : undefined;
  }

  #lines(): z.output<typeof line>[] {
    return this.#values().flatMap((value) => line.safeParse(value).data ?? []);
  }

  #values(): unknown[] {
    return readFileSync(this.path, 'utf8')
      .split('\n')
      .flatMap((text) => {
        try {
          return text === '' ? [] : [JSON.parse(text) as unknown];
        } catch {
          // A line that a crash tore: its change was never made.
          return [];
        }
      });
  }

  #append(value: z.input<typeof line>): void {
    // On disk before the change: a crash of the host must not forget it either.
    const descriptor = openSync(this.path, 'a', 0o600);
    try {
      // Begins a line of its own even behind one that a crash has torn.
      appendFileSync(descriptor, `\n${JSON.stringify(value)}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
}
