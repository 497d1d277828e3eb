import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Judgement } from '../criteria/judgement.ts';
import { withoutControls } from '../text/escaped-character.ts';

/** Evidence may hold paths and program names of the host: for its owner and group only. */
const FILE_MODE = 0o640;
const DIRECTORY_MODE = 0o750;

const finding = z.object({
  title: z.string(),
  severity: z.enum(['critical', 'high', 'medium', 'low']),
  reference: z.string().optional(),
  detail: z.string(),
});

/** The shape of one line of `criteria.ndjson`. */
export const criterionRecord = z.object({
  id: z.string(),
  section: z.string(),
  title: z.string(),
  at: z.string(),
  durationMs: z.number(),
  verdict: z.enum(['pass', 'fail', 'inconclusive', 'skipped']),
  explanation: z.string(),
  value: z.union([z.number(), z.string()]).optional(),
  limit: z.union([z.number(), z.string()]).optional(),
  unit: z.string().optional(),
  source: z.string().optional(),
  findings: z.array(finding).optional(),
  notApplicable: z.literal(true).optional(),
});

/** One line of `criteria.ndjson`: a judgement with the test it belongs to. */
export type CriterionRecord = Omit<Judgement, 'verdict'> & {
  readonly id: string;
  readonly section: string;
  readonly title: string;
  /** When it was judged, ISO 8601 in UTC. */
  readonly at: string;
  readonly durationMs: number;
  readonly verdict: Judgement['verdict'] | 'skipped';
  /** Skipped, and no gap in the evidence: its knob is off, or host or version have no subject for it. */
  readonly notApplicable?: true;
};

/** A line that a crash tore was never recorded: its criterion is missing, and so not a pass. */
function jsonOrTorn(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
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
    return new RunDirectory(path);
  }

  file(...parts: string[]): string {
    return join(this.path, ...parts);
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
    return path;
  }

  writeJson(name: string, value: unknown): string {
    return this.writeText(name, `${JSON.stringify(value, null, 2)}\n`);
  }

  has(name: string): boolean {
    // What may not be looked at is not absent: that throws.
    return statSync(this.file(name), { throwIfNoEntry: false }) !== undefined;
  }

  readText(name: string): string {
    return readFileSync(this.file(name), 'utf8');
  }

  appendLine(name: string, value: unknown): void {
    appendFileSync(this.file(name), `${JSON.stringify(value)}\n`, { mode: FILE_MODE });
  }

  /** The canary log: what was done when, in words, for people. */
  log(message: string): void {
    const line = `${new Date().toISOString()} ${withoutControls(message).replaceAll('\n', '\n    ')}\n`;
    appendFileSync(this.file('canary.log'), line, { mode: FILE_MODE });
  }

  record(criterion: CriterionRecord): void {
    // A line of its own even behind one that a crash has torn.
    appendFileSync(this.file('criteria.ndjson'), `\n${JSON.stringify(criterion)}\n`, {
      mode: FILE_MODE,
    });
  }

  /** The latest record of every criterion, in the order they were first judged. */
  criteria(): ReadonlyMap<string, CriterionRecord> {
    const found = new Map<string, CriterionRecord>();
    if (!this.has('criteria.ndjson')) return found;
    for (const line of this.readText('criteria.ndjson').split('\n')) {
      const value = line === '' ? undefined : jsonOrTorn(line);
      if (value === undefined) continue;
      const record = criterionRecord.parse(value) as CriterionRecord;
      found.set(record.id, record);
    }
    return found;
  }
}

/** A name that sorts by time and cannot meet another run's: `2026-11-23T14-05-09Z-all-4711`. */
export function runName(phase: string, now: Date, pid: number): string {
  return `${now.toISOString().slice(0, 19).replaceAll(':', '-')}Z-${phase}-${pid}`;
}
