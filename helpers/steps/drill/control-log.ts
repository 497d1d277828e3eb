import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { outputText } from '../../agent/command.ts';
import { type ControlChange, parseControlChange } from '../../agent/contract/control-change.ts';
import { agentPaths } from '../../changes/agent-state.ts';
import { fail, type Judgement } from '../../criteria/judgement.ts';
import { readRegularBytes } from '../../files/regular-file.ts';
import { counted } from '../../text/counted.ts';

const source = 'control_log.jsonl';
/** A clock that is set meanwhile moves the time by less; milliseconds, or seconds since the boot, are further off. */
const CLOCK_SECONDS = 60;
/** The agent may cut a reason (AEGIS_CONTROL_REASON_MAX_BYTES), and hashes it as it was given. */
const REASON_BEGINS = 'aegisbpf-canary'.length;

/** The audit log of the kill switch at one moment; undefined where there is none. */
export interface ControlLog {
  readonly now: Buffer | undefined;
  /** The one before it: where the log would become too long the agent begins another. */
  readonly earlier: Buffer | undefined;
}

/** One use of the kill switch by us. */
export interface Toggle {
  readonly action: ControlChange['action'];
  readonly reason: string;
  /** From when until when its command ran, in ms since 1970. */
  readonly ranMs: readonly [number, number];
}

/** Reads the audit log that the agent keeps of its kill switch (docs/agent-contract.md §2.4, §5.3). */
export function readControlLog(hostRoot: string): ControlLog {
  const { controlLog } = agentPaths(hostRoot);
  const read = (path: string) => (existsSync(path) ? readRegularBytes(path) : undefined);
  return { now: read(controlLog), earlier: read(`${controlLog}.1`) };
}

/** What was written since then; undefined where something that was there is gone. */
export function addedTo(before: ControlLog, { now, earlier }: ControlLog): string | undefined {
  const was = before.now ?? Buffer.alloc(0);
  const is = now ?? Buffer.alloc(0);
  if (is.subarray(0, was.length).equals(was)) return is.subarray(was.length).toString('utf8');
  return earlier?.equals(was) ? is.toString('utf8') : undefined;
}

/**
 * One line more, of us.
 * @returns what is wrong with it, if anything.
 */
export function judgeAdded(added: string | undefined, toggle: Toggle): Judgement | undefined {
  const command = `emergency-${toggle.action}`;
  if (added === undefined)
    return fail(`${command} removed earlier lines from the agent's audit log`, { source });
  const lines = added.split('\n').filter((line) => line !== '');
  const measured = { value: lines.length, limit: 1, unit: 'lines', source };
  const [line] = lines;
  if (line === undefined || lines.length > 1 || !added.endsWith('\n'))
    return fail(
      `${command} exited with 0 and wrote ${counted(lines.length, 'line')} into the agent's audit log, expected one whole line: nobody could tell who used the kill switch, and why`,
      measured,
    );
  const parsed = parseControlChange(line);
  if (!parsed.ok)
    return fail(
      `what ${command} wrote into the agent's audit log cannot be read: ${parsed.error}`,
      measured,
    );
  const wrong = wrongIn(parsed.value, toggle);
  return wrong.length === 0
    ? undefined
    : fail(`the agent's audit log is wrong about ${command}: ${wrong.join(', ')}`, {
        ...{ value: wrong.length, limit: 0, unit: 'fields', source },
      });
}

function wrongIn(told: ControlChange, { action, reason, ranMs }: Toggle): string[] {
  const isDisabled = action === 'disable';
  const [from, to] = ranMs.map((ms) => Math.floor(ms / 1000)) as [number, number];
  const isInTime =
    told.changed_at_unix >= from - CLOCK_SECONDS && told.changed_at_unix <= to + CLOCK_SECONDS;
  const uid = process.getuid?.();
  const isOurs = told.reason.slice(0, REASON_BEGINS) === reason.slice(0, REASON_BEGINS);
  return [
    told.action === action ? undefined : `action ${told.action}`,
    told.enabled === isDisabled ? undefined : `enabled ${told.enabled}`,
    told.prev_enabled === isDisabled ? `prev_enabled ${told.prev_enabled}` : undefined,
    told.uid === uid ? undefined : `uid ${told.uid} and not ${uid}`,
    isOurs ? undefined : `reason ${outputText(told.reason)}`,
    told.reason_sha256 === hash('sha256', reason) ? undefined : 'a hash of another reason',
    isInTime ? undefined : `the time ${told.changed_at_unix}, and it ran at ${from}`,
  ].filter((problem) => problem !== undefined);
}
