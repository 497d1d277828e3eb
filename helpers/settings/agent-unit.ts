import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isFile, readRegularFile } from '../files/regular-file.ts';

/** What AGENT_UNIT says, with all that stands beside it. */
export interface AgentUnit {
  /** Its name, for a message, with those of its drop-ins. */
  readonly name: string;
  /** Its text with its drop-ins behind it, as `systemctl cat` has them. */
  readonly text: string;
}

/** Where the variables of a unit are looked for before this host is: `aegisbpf.env` beside `aegisbpf.service`. */
export const besideUnit = (path: string) => `${path.replace(/\.service$/, '')}.env`;

/**
 * The drop-ins of a unit: `*.conf` in the folder that has its name and `.d` behind it, in order of their names. Hidden ones, and those
 * that lead to /dev/null, count for nothing (systemd.unit(5)). Drop-ins of all services, and those in other folders of systemd, are not looked for.
 */
export function dropInsBeside(path: string): readonly string[] {
  const folder = `${path}.d`;
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => /^[^.].*\.conf$/.test(name));
  return names
    .toSorted()
    .map((name) => join(folder, name))
    .filter(isFile);
}

/** @throws Error in one line where the unit or a drop-in cannot be read. */
export function readAgentUnit(path: string): AgentUnit {
  const dropIns = dropInsBeside(path);
  const name = basename(path);
  return {
    name:
      dropIns.length === 0
        ? name
        : `${name} with ${dropIns.map((one) => basename(one)).join(', ')}`,
    text: [path, ...dropIns].map((one) => readRegularFile(one)).join('\n'),
  };
}

/** The text of the file of variables beside it; undefined where there is none. */
export function variablesBeside(path: string): string | undefined {
  const beside = besideUnit(path);
  return existsSync(beside) ? readRegularFile(beside) : undefined;
}
