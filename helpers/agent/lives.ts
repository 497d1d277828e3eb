import { endText } from './command.ts';
import type { ReadyDaemon } from './daemon.ts';

type Life = Pick<ReadyDaemon, 'exit' | 'isRunning' | 'identity'>;

const lives: { readonly section: string; readonly daemon: Life }[] = [];

/** From now on this life must last until it is told to stop; others are ended by the steps that judge them. */
export function mustLive(section: string, daemon: Life): void {
  lives.push({ section, daemon });
}

/** How many lives of the agent got ready in this section. */
export const livesIn = (section: string): number =>
  lives.filter((life) => life.section === section).length;

/** How a life ended without being told to, in words. */
function deathOf({ exit, identity, isRunning }: Life): string | undefined {
  if (isRunning()) return undefined;
  const ended = exit();
  if (ended?.stopMs !== undefined) return undefined;
  const how = ended === undefined ? 'its process is gone' : `it ${endText(ended)}`;
  return `the agent (pid ${identity.pid}) died: ${how}`;
}

/** Each life of this section that ended without being told to, in words. */
export function deathsIn(section: string): readonly string[] {
  return lives.flatMap((life) => (life.section === section ? (deathOf(life.daemon) ?? []) : []));
}

/** The same of the latest life; undefined while it lives, or where it was told to stop. */
export function deathOfLatest(section: string): string | undefined {
  const latest = lives.findLast((life) => life.section === section);
  return latest === undefined ? undefined : deathOf(latest.daemon);
}
