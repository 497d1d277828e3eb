import {
  appendFileSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { noEvidence } from '../criteria/judgement.ts';
import { folderEntry } from '../host/folder-entries.ts';
import { ownCommand } from '../text/own-command.ts';

/** Where a run's traces are kept until they are undone; it survives a reboot, as a probe file does. */
export const STATE_DIRECTORY = '/var/lib/aegisbpf-canary';
export const JOURNAL_PATH = join(STATE_DIRECTORY, 'journal.ndjson');

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

const folderEntries = z.array(folderEntry).optional();

/** The agent's own state as we found it: what was absent is removed, what was there is put back. */
export const agentState = z.object({
  kind: z.literal('agent-state'),
  dataDirectory: z.string(),
  dataDirectoryExisted: z.boolean(),
  /** Everything that was in the folders that were there; absent in journals of older versions. */
  dataEntries: folderEntries,
  files: z.array(savedFile),
  pinDirectory: z.string(),
  pinDirectoryExisted: z.boolean(),
  pinEntries: folderEntries,
  cgroup: z.string(),
  cgroupExisted: z.boolean(),
});

/** One change on the host, written before it is made. */
const entry = z.discriminatedUnion('kind', [
  agentState,
  z.object({ kind: z.literal('directory'), path: z.string(), ...fileIdentity }),
  /** A file of ours that switches something on by being there. */
  z.object({ kind: z.literal('file'), path: z.string(), ...fileIdentity }),
  z.object({ kind: z.literal('cgroup'), path: z.string(), ...fileIdentity }),
  z.object({ kind: z.literal('deny-rule'), path: z.string(), ...fileIdentity }),
  /** A policy of ours was applied; undone by applying one that holds only the host's own rules. */
  z.object({
    kind: z.literal('policy'),
    emptyPolicy: z.string(),
    /** Who applied it, where that is another version: its pinned tables may be others than the candidate's. */
    by: z
      .object({
        executable: z.string(),
        sha256: z.string(),
        environment: z.record(z.string(), z.string()),
      })
      .optional(),
  }),
  /** Whether the agent's own cgroup was on the allow list of pins that stay; each start adds it, each apply drops it. */
  z.object({ kind: z.literal('agent-allowance'), cgroup: z.string(), listed: z.boolean() }),
  z.object({ kind: z.literal('network-rule'), arguments: z.array(z.string()) }),
  /** Enforcement was, or may have been, bypassed by an emergency-disable; it outlives every process. */
  z.object({ kind: z.literal('emergency') }),
  /** A transient systemd unit: one that would start the agent again whenever we stop it, or one that a process of ours is in. */
  z.object({
    kind: z.literal('unit'),
    name: z.string().regex(/^aegisbpf-canary-[\w-]+\.(?:service|scope)$/),
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
  /** The version before it, which the drill starts too. */
  previous: z.string().optional(),
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

type Line = z.output<typeof line>;
export type PendingEntry = Extract<Line, { kind: 'entry' }>;

export const journalIdentity = z.object(fileIdentity);
export type JournalIdentity = z.output<typeof journalIdentity>;

/** The identity by which a later process knows a file again. */
export const identityOf = ({ dev, ino }: { dev: bigint; ino: bigint }): JournalIdentity => ({
  dev: String(dev),
  ino: String(ino),
});

/**
 * What we did to the host, on disk before we do it. Undo is this file read backwards; an entry that
 * was undone is struck by a later line, so that a second reader never undoes it again.
 *
 * A run has one journal, which the guardian makes and holds open. Whoever else uses it knows its
 * identity: once made it is never made again, and its absence is missing evidence.
 */
export class Journal {
  readonly path: string;
  readonly identity: JournalIdentity | undefined;
  /** The open file, which outlives its name. */
  readonly #held: number | undefined;

  /** @param identity of the run's journal; without it whatever is there is read, as recovering does. */
  constructor(path: string = JOURNAL_PATH, identity?: JournalIdentity, held?: number) {
    this.path = path;
    this.identity = identity;
    this.#held = held;
  }

  /**
   * Makes the empty journal of a run and holds it open. The caller holds the lock, and has undone
   * the former run. @throws Error when changes of another run are still in it.
   */
  static make(path: string = JOURNAL_PATH): Journal {
    const folder = dirname(path);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const state = lstatSync(folder);
    if (!state.isDirectory() || state.uid !== process.geteuid?.())
      throw new Error(`${folder} must be a directory owned by root; remove what is there`);
    const former = new Journal(path);
    const run = former.read();
    const left =
      former.unreadable() ??
      (run?.pending.length ? 'it holds changes that are not undone' : undefined);
    if (left !== undefined)
      throw new Error(
        `${path} is of another run (${run?.run.runId}): ${left}; run \`${ownCommand('recover')}\``,
      );
    rmSync(path, { force: true });
    const held = openSync(path, 'ax+', 0o600);
    return new Journal(path, identityOf(fstatSync(held, { bigint: true })), held);
  }

  /** Why this is no longer the journal that the run began with, or undefined while it is. */
  lost(): string | undefined {
    if (this.identity === undefined) return undefined;
    const now = lstatSync(this.path, { bigint: true, throwIfNoEntry: false });
    const happened = (what: string) =>
      `the journal of this run, ${this.path}, ${what}: this suite did not do that, somebody on this host did`;
    if (now === undefined) return happened('was removed while the run went on');
    const { dev, ino } = identityOf(now);
    if (dev !== this.identity.dev || ino !== this.identity.ino)
      return happened('was replaced by another file while the run went on');
    if (Number(now.uid) !== process.geteuid?.() || (Number(now.mode) & 0o022) !== 0)
      return happened('was given to others while the run went on');
    return undefined;
  }

  /** Writes the head of a run into its journal. */
  begin(run: Omit<JournalHeader, 'kind'>): void {
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
    // What stands in its place is not ours to remove.
    if (this.lost() === undefined) rmSync(this.path, { force: true });
    try {
      rmdirSync(dirname(this.path));
    } catch {
      // Never made, or it holds something that is not ours.
    }
  }

  /**
   * The run's header and what is still to be undone, the newest first; undefined without a run.
   * @throws JudgementError (inconclusive) when the run's journal is lost.
   */
  read(): { run: JournalHeader; pending: readonly PendingEntry[] } | undefined {
    const lines = this.#lines();
    const run = lines.find((one) => one.kind === 'run');
    if (run === undefined) return undefined;
    const done = new Set(lines.filter((one) => one.kind === 'done').map(({ id }) => id));
    const entries = lines.filter((one) => one.kind === 'entry');
    return { run, pending: entries.filter(({ id }) => !done.has(id)).reverse() };
  }

  /** Why not all of it can be undone: lines that this version does not understand. Torn lines are none. */
  unreadable(): string | undefined {
    const values = this.#values();
    const strange = values.filter((value) => !line.safeParse(value).success).length;
    const headless = values.length > 0 && this.read() === undefined;
    return strange > 0 || headless
      ? `the journal ${this.path} holds ${strange > 0 ? `${strange} lines that cannot be understood` : 'changes of no known run'}; recover with the version of the suite that wrote it, or look at the host yourself and remove the file`
      : undefined;
  }

  #lines(): Line[] {
    return this.#values().flatMap((value) => line.safeParse(value).data ?? []);
  }

  #values(): unknown[] {
    if (this.identity === undefined && !existsSync(this.path)) return [];
    return this.#with(constants.O_RDONLY, (descriptor) => readFileSync(descriptor, 'utf8'))
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

  #append(value: Line): void {
    // On disk before the change: a crash of the host must not forget it either.
    this.#with(constants.O_WRONLY | constants.O_APPEND, (descriptor) => {
      // Begins a line of its own even behind one that a crash has torn.
      appendFileSync(descriptor, `\n${JSON.stringify(value)}\n`);
      fsyncSync(descriptor);
    });
  }

  /** Opens what is there and makes nothing. The one who holds it needs no name for it. */
  #with<T>(flags: number, use: (descriptor: number) => T): T {
    const lost = this.#held === undefined ? this.lost() : undefined;
    if (lost !== undefined) throw noEvidence(lost, { source: this.path });
    const descriptor =
      this.#held === undefined
        ? openSync(this.path, flags | constants.O_NOFOLLOW)
        : openSync(`/proc/self/fd/${this.#held}`, flags);
    try {
      return use(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
}
