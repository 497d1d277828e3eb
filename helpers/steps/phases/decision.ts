import { outputText } from '../../agent/command.ts';
import type { BlockEvent } from '../../agent/contract/events.ts';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import type { EnforceSignal, Mode } from '../../agent/daemon-options.ts';
import type { FileDecisions } from '../../agent/stream/event-log.ts';
import {
  type ComparedField,
  checkActor,
  checkOptional,
  type KnownActor,
} from '../../agent/stream/field-check.ts';
import { namesOf, type OwnFile } from '../../changes/own-file.ts';
import { fail, inconclusive, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { type ProcessFacts, readProcessFacts } from '../../host/process-facts.ts';
import type { Phase } from '../../settings/settings.ts';
import { actionsOf } from '../../soak/invariants.ts';
import { mustBeTold } from '../../soak/witness.ts';
import { counted } from '../../text/counted.ts';
import { outcomeText, type Probe, probeFile, runVictim } from '../../workload/probe.ts';
import { PROGRAM_NAMES } from '../../workload/programs.ts';

/** What a single decision is tried on. */
export interface DecisionSubject {
  readonly mode: Mode;
  readonly enforceSignal: EnforceSignal;
  readonly daemon: ReadyDaemon;
  /** Has a deny rule. */
  readonly probe: OwnFile;
  /** Lies beside it and has none. */
  readonly beside: OwnFile;
  readonly environment: Readonly<Record<string, string>>;
}

/** How long an event may take from the decision to our end of the pipe. */
const EVENT_WAIT_MS = 10_000;
const SECOND_EVENT_MS = 300;
/** How long we look for an event that must not come. */
export const QUIET_MS = 1500;
/** Strikes after which the agent's SIGKILL mode kills (docs/agent-contract.md §4.2). */
const KILL_STRIKES = 5;

/** No line of ours arrived at all, so that none arrived of something else shows nothing. */
export const nothingTold = (phase: Phase) =>
  noEvidence(
    'the agent wrote no event line for any of our opens in this phase, so a missing event does not prove that there was no decision',
    { value: 0, unit: 'event lines of ours', source: `${phase}/` },
  );

/** The decision itself, by the host (open, errno, signal) and by the matching event. */
export async function judgeDecision(subject: DecisionSubject): Promise<Judgement> {
  const { mode, enforceSignal, daemon, probe } = subject;
  const decisions = daemon.events.watch(probe);
  if (mode === 'enforce' && enforceSignal === 'kill') return killDecision(subject, decisions);
  const seen = await probeFile(probe, subject.environment);
  const parent = readProcessFacts(process.pid);
  const actor: KnownActor = { kind: 'process', process: seen.self, parent };
  return hostProblem(subject, seen) ?? matchingEvent(subject, decisions, seen.pid, actor);
}

function hostProblem({ mode, enforceSignal }: DecisionSubject, seen: Probe): Judgement | undefined {
  const wanted = mode === 'audit' ? 'allowed' : 'refused with EPERM';
  const outcome = outcomeText(seen.outcome);
  if (outcome !== wanted) {
    return fail(
      `an open of the file with a deny rule was ${outcome} in ${mode} mode, expected ${wanted}`,
      { value: outcome, limit: wanted, source: 'probe process' },
    );
  }
  const signals = mode === 'audit' || enforceSignal === 'none' ? 0 : 1;
  if (seen.signals === signals) return undefined;
  return fail(
    `the process that opened the file received ${counted(seen.signals, 'signal')}, expected ${signals} (ENFORCE_SIGNAL=${enforceSignal}, ${mode} mode)`,
    { value: seen.signals, limit: signals, unit: 'signals', source: 'probe process' },
  );
}

/** What arrived in place of an event on the probe file. */
function instead({ daemon, probe }: DecisionSubject): string {
  const [first] = daemon.events.misnamedBy([process.pid]);
  if (first === undefined) return '';
  return `; ${counted(first.lines, 'event line')} of a process that we started had ${first.told} instead of dev:ino ${probe.dev}:${probe.ino}`;
}

/** SIGKILL mode: TERM for the first strikes, then a process that lives on is killed. */
async function killDecision(
  subject: DecisionSubject,
  decisions: FileDecisions,
): Promise<Judgement> {
  const before = decisions.lines;
  const { probe, environment } = subject;
  const ended = await probeFile(probe, environment, KILL_STRIKES + 1).catch(() => undefined);
  if (ended !== undefined) {
    return fail(
      `a process that opened the denied file ${KILL_STRIKES + 1} times lived on under ENFORCE_SIGNAL=kill`,
      { value: 'alive', limit: 'killed', source: 'probe process' },
    );
  }
  await subject.daemon.events.until(() => (decisions.byAction.get('KILL') ?? 0) > 0, EVENT_WAIT_MS);
  const kills = decisions.byAction.get('KILL') ?? 0;
  const text = `${decisions.lines - before} decisions, ${kills} of them KILL; the process was killed`;
  const measured = { value: kills, limit: 1, unit: 'KILL events' };
  return kills === 1 ? pass(text) : fail(`${text}; expected exactly one KILL event`, measured);
}

async function matchingEvent(
  subject: DecisionSubject,
  decisions: FileDecisions,
  pid: number,
  actor: KnownActor,
): Promise<Judgement> {
  const actions = actionsOf(subject);
  const source = `${subject.mode}/agent.stdout.ndjson`;
  const mine = (list: readonly BlockEvent[]) => list.filter((event) => event.pid === pid);
  const { probe, daemon } = subject;
  const { events } = daemon;
  const expected = 1;
  await events.until(() => mine(decisions.first).length >= expected, EVENT_WAIT_MS);
  // A second line of the same open would come right behind the first.
  await events.until(() => mine(decisions.first).length > expected, SECOND_EVENT_MS);
  const matching = mine(decisions.first);
  const wanted = `type=block dev=${probe.dev} ino=${probe.ino} pid=${pid} action=${actions.join('|')}`;
  if (matching.length !== expected) {
    const others = decisions.first
      .slice(-3)
      .map((event) => `pid=${event.pid} action=${event.action}`);
    return fail(
      `the agent logged ${matching.length === 0 ? 'no event' : counted(matching.length, 'event')} for our open, expected one with ${wanted}; ${others.length === 0 ? `it logged no other event on that file either${instead(subject)}` : `events on that file: ${others.join(', ')}`}`,
      { value: matching.length, limit: expected, unit: 'events', source },
    );
  }
  const action = matching[0]?.action ?? '';
  const measured = { value: action, limit: actions.join('|'), source };
  if (!actions.includes(action)) {
    return fail(
      `the event on the probe file says action=${outputText(action)}, expected ${actions.join(' or ')}`,
      measured,
    );
  }
  const compared = matching.flatMap((event) => [
    ...checkActor(event, actor),
    ...checkOptional(event, namesOf(probe)),
  ]);
  const wrong = compared.filter(({ result }) => result === 'wrong');
  if (wrong.length > 0) {
    const lies = wrong.map(({ field, expected, told }) => `${field}=${told}, expected ${expected}`);
    return fail(`the event of this open says ${lies.join('; ')}: ${JSON.stringify(matching[0])}`, {
      ...{ value: wrong.length, limit: 0, unit: 'wrong fields', source },
    });
  }
  const of = (result: ComparedField['result']) =>
    compared.filter((one) => one.result === result).map(({ field }) => field);
  const untold = of('untold').filter(mustBeTold);
  if (untold.length > 0)
    return inconclusive(
      `the event of this open lacks ${untold.join(', ')}, so this cannot be compared: ${JSON.stringify(matching[0])}`,
      { value: untold.length, limit: 0, unit: 'missing fields', source },
    );
  const right = of('right');
  return pass(`${wanted}, and ${right.join(', ')} are as we know them`, measured);
}

/** Enforce: an ordinary program that does nothing about signals really ends. */
export async function judgeOrdinaryProgram(subject: DecisionSubject): Promise<Judgement> {
  const { enforceSignal } = subject;
  const decisions = subject.daemon.events.watch(subject.probe);
  const victim = await runVictim(subject.probe.path, subject.environment);
  const wanted =
    enforceSignal === 'none' ? undefined : enforceSignal === 'int' ? 'SIGINT' : 'SIGTERM';
  const ended = victim.signal ?? `exit ${victim.exitCode}`;
  const measured = { value: ended, limit: wanted ?? 'exit 1 with EPERM', source: '/bin/cat' };
  const denied = victim.exitCode === 1 && victim.stderr.includes('Operation not permitted');
  if (wanted !== undefined && victim.signal !== wanted)
    return fail(`cat opened the denied file and ended with ${ended}, expected ${wanted}`, measured);
  if (wanted === undefined && !denied)
    return fail(`cat ended with ${ended}: ${outputText(victim.stderr)}`, measured);
  const text =
    wanted === undefined
      ? 'cat was refused with EPERM and got no signal'
      : `cat was ended by ${wanted}`;
  return { ...(await eventOfProgram(subject, decisions, victim.pid, text)), ...measured };
}

/** The program is gone: of itself its name alone is known, the rest of this process, which started it. */
async function eventOfProgram(
  subject: DecisionSubject,
  decisions: FileDecisions,
  pid: number | undefined,
  text: string,
): Promise<Judgement> {
  const parent: ProcessFacts | undefined = readProcessFacts(process.pid);
  if (pid === undefined || parent === undefined)
    throw noEvidence('what the event of cat must say could not be read from /proc');
  const told = await matchingEvent(subject, decisions, pid, {
    ...{ kind: 'child', parent },
    names: PROGRAM_NAMES,
  });
  return { ...told, explanation: `${text}; ${told.explanation}` };
}

/** Negative control: a file beside it, without a rule, is read and makes no decision. */
export async function judgeFileBeside(subject: DecisionSubject): Promise<Judgement> {
  const { beside, daemon } = subject;
  const decisions = daemon.events.watch(beside);
  const { outcome, signals } = await probeFile(beside, subject.environment);
  if (outcome.kind !== 'allowed' || signals > 0) {
    return fail(
      `a file without a rule, beside the denied one, was ${outcomeText(outcome)} with ${counted(signals, 'signal')}: the agent blocks more than its rules say`,
      { value: outcomeText(outcome), limit: 'allowed', source: beside.path },
    );
  }
  const came = await daemon.events.until(() => decisions.lines > 0, QUIET_MS);
  if (!came && !daemon.events.toldOfOurs) throw nothingTold(subject.mode);
  const measured = { value: decisions.lines, limit: 0, unit: 'events' };
  if (!came) return pass('read as written, no signal, no decision', { ...measured, value: 0 });
  const source = `${subject.mode}/agent.stdout.ndjson`;
  const text = `the open of a file without a rule made ${counted(decisions.lines, 'decision')}`;
  return fail(text, { ...measured, source });
}
