import { readRegularFile } from '../files/regular-file.ts';
import { CannotBegin } from '../settings/cannot-begin.ts';

/** A host that a run is expected of. */
export interface AskedHost {
  /** As the host calls itself (`uname -n`). */
  readonly name: string;
  /** What its figures are compared within, where that is not its kernel and distribution. */
  readonly hostClass?: string | undefined;
}

/** Names of hosts are no case (RFC 4343). */
export const isHost = ({ name }: AskedHost, other: string) =>
  name.toLowerCase() === other.toLowerCase();

/**
 * The hosts that a file names: one a line, perhaps with the label of its class behind it; `#` begins a comment.
 * @throws CannotBegin when the file cannot be read, a line begins with no name of a host, or it names none.
 */
export function hostsOf(path: string): readonly AskedHost[] {
  let text: string;
  try {
    text = readRegularFile(path);
  } catch (error) {
    throw new CannotBegin(`--hosts ${path}: ${(error as Error).message}`);
  }
  const hosts = text.split('\n').flatMap((line, at): AskedHost[] => {
    const [name = '', hostClass] = line
      .replace(/#.*/s, '')
      .trim()
      .split(/\s+(.*)/s);
    if (name === '') return [];
    if (!/^[\w.-]+$/.test(name))
      throw new CannotBegin(
        `--hosts ${path}:${at + 1}: ${JSON.stringify(name)} is not the name of one host; write the hosts one a line, each as \`uname -n\` names it there`,
      );
    return [{ name, hostClass }];
  });
  if (hosts.length === 0) throw new CannotBegin(`--hosts ${path}: it names no host`);
  return hosts;
}
