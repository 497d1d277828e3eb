import { mkdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { RunDirectory } from '../evidence/run-directory.ts';
import { readRegularBytes } from '../files/regular-file.ts';
import { replaceable } from '../files/trusted-path.ts';
import { KNOWN_EVENTS_FILE } from '../review/known-events.ts';
import { CannotBegin } from '../settings/cannot-begin.ts';
import type { Settings } from '../settings/settings.ts';

/** Files of the operator that are read, by us or by the agent, in the midst of a run. */
const READ_LATER = ['PRODUCTION_PROFILE', 'CANDIDATE_POLICY'] as const;

/**
 * Makes a directory and its parents; returns those that it made. Not `recursive: true`: on a filesystem that answers
 * ENOENT to every mkdir, as /proc does, Node tries for ever.
 */
function makeDirectories(path: string): string[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return [];
  const above = makeDirectories(dirname(path));
  mkdirSync(path, { mode: 0o750 });
  return [...above, path];
}

/** Where a run's evidence goes: made when it begins, gone again when it could not. */
export class RunPlace {
  readonly directory: RunDirectory;
  /** Directories above the run that this run made. */
  readonly made: readonly string[];

  /**
   * @param cannot begins the message when it cannot be made.
   * @throws CannotBegin when it cannot be made, or somebody else could replace it.
   */
  constructor(path: string, cannot = `OUT_DIR=${dirname(path)} cannot be written`) {
    const outDir = dirname(path);
    try {
      this.made = makeDirectories(outDir);
      const why = replaceable(path);
      // Whoever can replace the run's directory by a link decides where root writes.
      if (why !== undefined) throw new Error(`somebody else can replace it: ${why}`);
      this.directory = RunDirectory.create(path);
    } catch (error) {
      throw new CannotBegin(`${cannot} (${(error as Error).message}); nothing was touched`);
    }
  }

  /** Takes back all of it: a run that did not begin leaves nothing that looks like one. */
  remove(): void {
    rmSync(this.directory.path, { recursive: true, force: true });
    for (const path of this.made.toReversed()) {
      try {
        rmdirSync(path);
      } catch {
        // Another run has begun there meanwhile.
      }
    }
  }

  /**
   * Copies the operator's files into the run: what happens to them later changes nothing, and what was judged by is
   * part of the evidence.
   * @returns the settings with the copies in their place.
   * @throws CannotBegin when one cannot be read any more.
   */
  withCopies(settings: Settings): Settings {
    const copies: Partial<Record<(typeof READ_LATER)[number], string>> = {};
    try {
      for (const name of READ_LATER) {
        const path = settings[name];
        if (path === undefined) continue;
        this.directory.directory(`operator/${name}`);
        copies[name] = this.directory.writeText(
          `operator/${name}/${basename(path)}`,
          readRegularBytes(path),
        );
      }
      const { configuration } = settings;
      if (configuration !== undefined) {
        this.directory.directory('operator/CANARY_CONFIG');
        const name = `operator/CANARY_CONFIG/${basename(configuration.path)}`;
        this.directory.writeText(name, configuration.text);
      }
      if (settings.KNOWN_EVENTS !== undefined)
        this.directory.writeText(KNOWN_EVENTS_FILE, readRegularBytes(settings.KNOWN_EVENTS));
    } catch (error) {
      throw new CannotBegin(`a file of the operator is gone: ${(error as Error).message}`);
    }
    return { ...settings, ...copies };
  }
}
