import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { inconclusive, type Judgement, pass } from '../../criteria/judgement.ts';
import { mustGoOn } from '../../criteria/step-signal.ts';
import type { Settings } from '../../settings/settings.ts';
import { judgeDefect } from '../phases/known-defects.ts';

/** Chosen by us: the agent promises nothing. */
const ALONE_MS = 5000;
const BEHIND_MS = 10_000;
/** More than one buffer of 4 KiB holds (docs/agent-contract.md §0.3). */
const OPENS_BEHIND = 60;
const POLL_MS = 100;

/** What became of the line on one denied open of an agent that systemd started, on a host where nothing else is denied. */
export type FirstLine =
  /** It came by itself. */
  | { readonly came: 'alone'; readonly ms: number }
  /** It came once others were behind it, or not even then. */
  | { readonly came: 'behind others' | 'never' }
  /** The open met no denial. */
  | { readonly came: 'not tried'; readonly outcome: string };

/** Waits for a line on a process in a file that the agent's output is appended to. @returns how long it took, in ms. */
async function untilLine(path: string, pid: number, limitMs: number): Promise<number | undefined> {
  const begun = performance.now();
  const line = new RegExp(`"pid":${pid}\\b`);
  while (!(existsSync(path) && line.test(readFileSync(path, 'utf8')))) {
    mustGoOn();
    if (performance.now() - begun > limitMs) return undefined;
    await sleep(POLL_MS);
  }
  return performance.now() - begun;
}

/** @param path of the agent's event lines. @param pid of who was denied. @param more makes so many more opens, all denied. */
export async function firstLine(
  path: string,
  pid: number,
  more: (opens: number) => Promise<unknown>,
): Promise<FirstLine> {
  const ms = await untilLine(path, pid, ALONE_MS);
  if (ms !== undefined) return { came: 'alone', ms: Math.round(ms) };
  await more(OPENS_BEHIND);
  return {
    came: (await untilLine(path, pid, BEHIND_MS)) === undefined ? 'never' : 'behind others',
  };
}

/** @param line undefined where no agent of systemd's got that far. @param source the file of the event lines. */
export function judgeFirstLine(
  line: FirstLine | undefined,
  settings: Pick<Settings, 'knownDefects'>,
  source: string,
): Judgement {
  if (line === undefined)
    return inconclusive(
      'the agent that systemd started did not get ready, so nobody knows when it tells',
      { source },
    );
  switch (line.came) {
    case 'not tried':
      return inconclusive(
        `the first open with the agent that systemd started was ${line.outcome} and not denied, so there was no line to wait for`,
        { source },
      );
    case 'alone':
      return pass(
        `the line on a denied open was in the file after ${line.ms} ms, with no other behind it`,
        { value: line.ms, limit: ALONE_MS, unit: 'ms', source },
      );
    case 'never':
      return inconclusive(
        `an open was denied by the agent that systemd started, and its line never came, not even behind ${OPENS_BEHIND} others: who lost it nobody knows`,
        { value: 0, limit: 1, unit: 'lines', source },
      );
    case 'behind others':
      return judgeDefect(
        settings,
        'events-held-back',
        {
          title: 'a denial on a quiet host is told when others follow',
          severity: 'medium',
          reference: 'docs/agent-contract.md §0.3',
          detail: `the line on a denied open was not written within ${ALONE_MS / 1000} s, and was once ${OPENS_BEHIND} more opens were denied: where the agent's output is no terminal it holds lines back until its buffer is full, for hours on a quiet host, and loses them when it is killed`,
        },
        { value: 'behind others', limit: 'alone', source },
      );
  }
}
