import { SECTIONS } from '../criteria/catalogue.ts';
import type { RunDirectory } from './run-directory.ts';

const FOLDER = 'failure';

/** Where the bundle of a section's first failure stands in the run directory. */
export const failureFolder = (section: string): string => `${FOLDER}/${section}`;

/** What each bundle holds, and why the rest is not there. */
export const aboutFailure = (section: string): string => `${failureFolder(section)}/about.json`;

/** The bundles that this run took, in the runbook's order. */
export const failureFolders = (directory: Pick<RunDirectory, 'has'>): readonly string[] =>
  Object.keys(SECTIONS)
    .filter((section) => directory.has(aboutFailure(section)))
    .map(failureFolder);
