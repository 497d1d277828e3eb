import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { BLAMES } from '../criteria/blame.ts';
import { CATALOGUE, SECTIONS } from '../criteria/catalogue.ts';
import type { Finding } from '../criteria/judgement.ts';
import { appendNdjson, type Ndjson, parseNdjson } from '../files/ndjson.ts';
import { withoutControls } from '../text/escaped-character.ts';
import { FILES_FILE, noteFile, wasMade } from './kept-files.ts';

/** Evidence may hold paths and program names of the host: for its owner and group only. */
const FILE_MODE = 0o640;
const DIRECTORY_MODE = 0o750;

const finding = z.object({
  title: z.string(),
  severity: z.enum(['critical', 'high', 'medium', 'low']),
  reference: z.string().optional(),
  detail: z.string(),
  accepted: z.object({ by: z.string(), reason: z.string(), until: z.string() }).optional(),
});

/** What the runbook knows, each with its title in the published schema; a site may have its own beside it. */
const known = (titles: readonly (readonly [name: string, title: string])[]) =>
  z.string().meta({
    anyOf: [
      ...titles.map(([name, title]) => ({ const: name, title })),
      { title: 'of a criterion of a team’s own' },
    ],
  });

/** The shape of one line of `criteria.ndjson`. */
export const criterionRecord = z.object({
  id: known(CATALOGUE.map(({ id, title }) => [id, title])),
  section: known(Object.entries(SECTIONS).map(([name, { title }]) => [name, title])),
  title: z.string(),
  /** When it was judged, ISO 8601 in UTC. */
  at: z.string(),
  durationMs: z.number(),
  verdict: z.enum(['pass', 'fail', 'inconclusive', 'skipped']),
  explanation: z.string(),
  value: z.union([z.number(), z.string()]).optional(),
  limit: z.union([z.number(), z.string()]).optional(),
  unit: z.string().optional(),
  source: z.string().optional(),
  findings: z.array(finding).optional(),
  follows: z.string().optional().describe('id of the criterion that tells the cause'),
  blames: z
    .enum(BLAMES)
    .optional()
    .describe('whom the evidence blames; absent for a pass and for what follows from others'),
  proof: z
    .array(z.string())
    .readonly()
    .optional()
    .describe('the facts behind a verdict that is no pass'),
  evidence: z
    .array(z.string())
    .optional()
    .describe('files of the run directory that a criterion of a team’s own was judged from'),
  /** Skipped, and no gap in the evidence: its knob is off, or host or version have no subject for it. */
  notApplicable: z.literal(true).optional(),
  /** The former verdict counts no more, for the criterion is judged again; what is recorded next counts. */
  takenBack: z.literal(true).optional(),
});

/** One line of `criteria.ndjson`: a judgement with the test it belongs to. */
export type CriterionRecord = Readonly<Omit<z.output<typeof criterionRecord>, 'findings'>> & {
  readonly findings?: readonly Finding[] | undefined;
};

const CRITERIA_FILE = 'criteria.ndjson';
/** Of several verdicts on one criterion the worst counts. */
export const SEVERITY = { pass: 0, skipped: 1, inconclusive: 2, fail: 3 };

/** A later record never hides a worse one, unless that was taken back. */
function counting(known: CriterionRecord | undefined, next: CriterionRecord): CriterionRecord {
  if (known === undefined || known.takenBack === true || next.takenBack === true) return next;
  return SEVERITY[next.verdict] >= SEVERITY[known.verdict] ? next : known;
}

/** A run's evidence on disk. Everything is appended as it happens, so a crash loses nothing. */
export class RunDirectory {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }

  /** Creates the directory; it must not exist, so that no planted file or link is ever followed. */
  static create(path: string): RunDirectory {
    mkdirSync(path, { mode: DIRECTORY_MODE });
    writeFileSync(join(path, FILES_FILE), '', { mode: FILE_MODE });
    return new RunDirectory(path);
  }

  file(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** The path of a file for people to read: that of the run which a judged copy takes the place of. */
  finalPath(...parts: string[]): string {
    return join(placeOf(this.path), ...parts);
  }

  /** A subdirectory of the run, created when needed. */
  directory(name: string): string {
    const path = this.file(name);
    mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE });
    return path;
  }

  /** Writes a document whole or not at all: a disk that fills leaves no half of one behind. */
  writeText(name: string, text: string | Uint8Array): string {
    const path = this.file(name);
    const partial = `${path}.partial`;
    try {
      // Never through a link that somebody put there.
      rmSync(partial, { force: true });
      writeFileSync(partial, text, { mode: FILE_MODE, flag: 'wx' });
      renameSync(partial, path);
    } finally {
      rmSync(partial, { force: true });
    }
    noteFile(this.path, name, Buffer.from(text), true);
    return path;
  }

  writeJson(name: string, value: unknown): string {
    return this.writeText(name, `${JSON.stringify(value, null, 2)}\n`);
  }

  has(name: string): boolean {
    // What may not be looked at is not absent: that throws.
    return statSync(this.file(name), { throwIfNoEntry: false }) !== undefined;
  }

  /** True when this run, while it went on, made a file of this name: it may be gone since. */
  wasMade(name: string): boolean {
    return wasMade(this.path, name);
  }

  readText(name: string): string {
    return readFileSync(this.file(name), 'utf8');
  }

  /** A JSON document of the run. @throws Error when it is not there, or not of this shape. */
  readJson<T>(name: string, shape: z.ZodType<T>): T {
    return shape.parse(JSON.parse(this.readText(name)));
  }

  /** Appends to an NDJSON file; a line before it that a crash tore is kept and told as one. */
  appendLine(name: string, value: unknown): void {
    this.#append(name, (path) => appendNdjson(path, value, FILE_MODE));
  }

  /** Appends whole lines of text. */
  appendText(name: string, text: string | Uint8Array): void {
    this.#append(name, (path) => appendFileSync(path, text, { mode: FILE_MODE }));
  }

  /** Notes how a file begins that was made just now by whoever keeps it open; by its path. */
  readonly begun = (path: string, beginning: string): void => {
    // What it throws is an error of the run by itself: whoever reads the agent's output must go on with that.
    setImmediate(noteFile, this.path, relative(this.path, path), Buffer.from(beginning), false);
  };

  #append(name: string, append: (path: string) => void): void {
    const path = this.file(name);
    const begins = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0;
    append(path);
    if (!begins) return;
    const text = readFileSync(path);
    // A line that a full disk tears is another one later.
    noteFile(this.path, name, text.subarray(0, text.lastIndexOf('\n') + 1), false);
  }

  /** The lines of an NDJSON file; none when there is no such file. */
  lines(name: string): Ndjson {
    return this.has(name) ? parseNdjson(this.readText(name)) : { values: [], torn: [] };
  }

  /** The canary log: what was done when, in words, for people. */
  log(message: string): void {
    const text = withoutControls(message).replaceAll('\n', '\n    ');
    this.appendText('canary.log', `${new Date().toISOString()} ${text}\n`);
  }

  record(criterion: CriterionRecord): void {
    this.appendLine(CRITERIA_FILE, criterion);
  }

  /** The record of every criterion that counts, in the order they were first judged. */
  criteria(): ReadonlyMap<string, CriterionRecord> {
    const counted = new Map<string, CriterionRecord>();
    for (const value of this.lines(CRITERIA_FILE).values) {
      const record = criterionRecord.safeParse(value).data;
      if (record === undefined) continue;
      counted.set(record.id, counting(counted.get(record.id), record));
    }
    return counted;
  }

  /** How many lines of the criteria cannot be read: each may have been a failure. */
  unreadableCriteria(): number {
    const { values, torn } = this.lines(CRITERIA_FILE);
    return torn.length + values.filter((value) => !criterionRecord.safeParse(value).success).length;
  }
}

/** Hidden beside the run, so that nobody takes it for one. */
const COPY = /^\.(.+)\.judging-\d+$/;

/** Where a finished run is judged again: on a copy, which takes its place when it is sealed. */
export function judgingCopy(finished: string, pid: number): string {
  return join(dirname(finished), `.${basename(finished)}.judging-${pid}`);
}

/** Where people will find a run directory: a copy that is being judged takes its run's place. */
export function placeOf(path: string): string {
  const [, name] = COPY.exec(basename(path)) ?? [];
  return name === undefined ? path : join(dirname(path), name);
}

/** No path and nothing for a shell: a host may be called anything. */
const inName = (host: string) => host.replace(/[^A-Za-z0-9.-]/g, '_').slice(0, 40) || 'unnamed';

/** A name that sorts by time and tells the host: `2026-11-23T14-05-09Z-staging-3-all-4711`. */
export function runName(phase: string, now: Date, host: string, pid: number): string {
  const time = now.toISOString().slice(0, 19).replaceAll(':', '-');
  return `${time}Z-${inName(host)}-${phase}-${pid}`;
}
