import type { Candidate } from '../agent/command.ts';
import type { ReadyDaemon } from '../agent/daemon.ts';
import type { FileDecisions } from '../agent/stream/event-log.ts';
import type { OwnFile } from '../changes/own-file.ts';
import type { RunDirectory } from '../evidence/run-directory.ts';
import type { Settings } from '../settings/settings.ts';
import type { SideSubject } from './side-work.ts';

/** What a soak works on. */
export interface SoakSubject {
  readonly candidate: Candidate;
  readonly daemon: ReadyDaemon;
  readonly target: OwnFile;
  readonly decisions: FileDecisions;
  /** Work beside the opens of the target. */
  readonly side: readonly SideSubject[];
  readonly settings: Settings;
  readonly run: RunDirectory;
  /** Told when the agent has settled and the first attempts are made. */
  readonly begins: () => void;
}
