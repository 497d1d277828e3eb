import { basename, dirname, join } from 'node:path';

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
