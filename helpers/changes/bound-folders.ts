import { chmodSync, mkdirSync, mkdtempSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Journal } from './journal.ts';
import { recorded } from './own-file.ts';

/** Where a service sees folders of this host that its unit may hide, as ProtectHome= and PrivateTmp= do (systemd.exec(5)). */
export class BoundFolders {
  /** A directory of ours, in the journal; it has an empty one for each folder. */
  readonly place: string;
  readonly #folders: string[] = [];

  /** @param files whose folders the service needs. */
  constructor(files: readonly string[], journal: Journal) {
    this.place = recorded('directory', mkdtempSync('/run/aegisbpf-canary-unit-'), journal);
    // Also for a service that is not root's.
    chmodSync(this.place, 0o755);
    this.#folders = [...new Set(files.map((file) => dirname(realpathSync(file))))];
    for (const folder of this.#folders) mkdirSync(this.#target(folder));
  }

  /** Settings by which systemd puts them there, for that service alone. */
  get properties(): readonly string[] {
    return this.#folders.map((folder) => `BindReadOnlyPaths=${folder}:${this.#target(folder)}`);
  }

  /** Where it sees one of the files. */
  path(file: string): string {
    const real = realpathSync(file);
    return join(this.#target(dirname(real)), basename(real));
  }

  #target(folder: string): string {
    return join(this.place, String(this.#folders.indexOf(folder)));
  }
}
