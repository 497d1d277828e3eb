import { closeSync, fstatSync, globSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { RuntimeMessage } from 'allure-js-commons/sdk';
import { z } from 'zod';
import { entryOf, sectionNameOf } from '../helpers/criteria/catalogue.ts';
import { aboutFailure, failureFolder } from '../helpers/evidence/failure-bundle.ts';
import { type CriterionRecord, RunDirectory } from '../helpers/evidence/run-directory.ts';

/** The page is one file for a ticket: attachments together stay below a megabyte. */
const LOG_BYTES = 24 * 1024;
const SAMPLES_BYTES = 96 * 1024;
const CHART_BYTES = 512 * 1024;
const TABLE_BYTES = 256 * 1024;

/** The files of the run directory that show what a criterion was judged from. */
export function evidenceFiles(
  { id, evidence = [] }: Pick<CriterionRecord, 'id' | 'evidence'>,
  runDirectory: string,
): readonly string[] {
  const bundle = failedFirst(id, runDirectory) ? `${failureFolder(sectionNameOf(id))}/*` : [];
  return [entryOf(id)?.evidence ?? evidence, bundle]
    .flat()
    .flatMap((name) => globSync(name, { cwd: runDirectory }).sort());
}

const aboutBundle = z.object({ criterion: z.string() });

/** Whether this criterion is the first failure of its section, for which a bundle was kept. */
function failedFirst(id: string, runDirectory: string): boolean {
  const directory = new RunDirectory(runDirectory);
  const about = aboutFailure(sectionNameOf(id));
  return directory.has(about) && directory.readJson(about, aboutBundle).criterion === id;
}

/** The last whole lines of a file that fit; the rest stays in the run directory. */
function lastLines(descriptor: number, size: number, most: number): Buffer {
  const buffer = Buffer.alloc(most);
  const read = readSync(descriptor, buffer, 0, most, size - most);
  const tail = buffer.subarray(0, read);
  return tail.subarray(tail.indexOf('\n') + 1);
}

const kib = (bytes: number) => `${Math.round(bytes / 1024).toLocaleString('en')} KiB`;

function howToAttach(file: string): { most: number; contentType: string } {
  // Half a drawing is none, and a chart's size does not grow with the run.
  if (file.endsWith('.svg')) return { most: CHART_BYTES, contentType: 'image/svg+xml' };
  if (file.endsWith('.csv')) return { most: TABLE_BYTES, contentType: 'text/csv' };
  const contentType = file.endsWith('.json') ? 'application/json' : 'text/plain';
  return { most: file.endsWith('samples.ndjson') ? SAMPLES_BYTES : LOG_BYTES, contentType };
}

/** Attaches a file by its path, or the end of it where it is large; nothing when it is not there. */
export function attachment(runDirectory: string, file: string): RuntimeMessage[] {
  const path = join(runDirectory, file);
  const { most, contentType } = howToAttach(file);
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    // A phase that was not tried has no files.
    return [];
  }
  try {
    const { size } = fstatSync(descriptor);
    if (size === 0) return [];
    if (size <= most) return [{ type: 'attachment_path', data: { name: file, path, contentType } }];
    const content = lastLines(descriptor, size, most).toString('base64');
    const name = `${file} (the last ${kib(most)} of ${kib(size)})`;
    return [
      {
        type: 'attachment_content',
        data: { name, content, encoding: 'base64', contentType: 'text/plain' },
      },
    ];
  } finally {
    closeSync(descriptor);
  }
}
