import { statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { placeOf } from '../helpers/evidence/judging-copy.ts';
import { evidenceFiles } from './allure-attachments.ts';

/**
 * GitLab resolves an attachment below the project, Jenkins takes an absolute path in the workspace:
 * a path below the working directory is written relative to it.
 */
function forCi(path: string): string {
  const below = relative(process.cwd(), path);
  return below.startsWith('..') ? path : below;
}

/** The evidence files of a criterion that are there, as CI systems find them. */
export function attachedFiles(runDirectory: string, id: string): string[] {
  return evidenceFiles(id)
    .map((name) => join(runDirectory, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
    .map((path) => join(placeOf(runDirectory), relative(runDirectory, path)))
    .map(forCi);
}
