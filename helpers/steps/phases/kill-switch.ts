import { howItEnded } from '../../agent/command.ts';
import type { EventLog, OwnDecision } from '../../agent/stream/event-log.ts';
import { KILL_SWITCH_REASON } from '../../changes/undo-entry.ts';
import { judgeKillSwitch } from '../../coverage/kill-switch.ts';
import { type Kind, type Line, lineText } from '../../coverage/table.ts';
import type { Taken } from '../../coverage/taken.ts';
import { fail, type Judgement } from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';
import { mustHave } from '../drill/usage.ts';
import type { CoverageMode } from './coverage-phase.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';

const SOURCE = 'coverage/enforce/kill-switch.json';
/** Those that take a route of each hook; others differ by who they are, which the kill switch does not ask. */
const KINDS: readonly Kind[] = ['root', 'network', 'network-ipv6', 'ruled'];
/** Rules by content are put in force once (docs/coverage.md). */
const isTried = ({ kind, group, expected }: Line) =>
  expected === 'denied' && group !== 'by-content' && KINDS.includes(kind);
/** How long the lines may take from the decision to our end of the pipe. */
const EVENTS_MS = 10_000;

/**
 * The drill shows that the kill switch outlives a restart, and tries it on one file. Each hook decides by itself whether it
 * is on: here every denied route of those kinds is taken while it is, and again when it is ended.
 */
export async function killSwitchStopsEveryDenial(
  run: CanaryRun,
  subjects: CoverageSubjects,
  enforce: Pick<CoverageMode, 'daemon' | 'judged'>,
): Promise<Judgement> {
  const { events } = enforce.daemon();
  await mustHave({ run }, 'emergency-disable');
  const judged = await enforce.judged();
  const denied = judged.flatMap(({ verdict, taken: { line } }) =>
    verdict === 'pass' && isTried(line) ? [line] : [],
  );
  // Others are in force by now.
  const applied = await run.command('policy', 'apply', subjects.policyFile, '--reset');
  if (applied.exitCode !== 0) return fail(howItEnded(applied), { source: applied.command });
  // In the journal first: whatever ends this run now, the guardian enables again.
  const entry = (await run.journal()).record({ kind: 'emergency' });
  const toggle = (command: string) => run.command(command, '--reason', KILL_SWITCH_REASON);
  const disabled = await toggle('emergency-disable');
  if (disabled.exitCode !== 0) return fail(howItEnded(disabled), { source: disabled.command });
  const { taken: on, actions, areAll } = await takeUnderIt(subjects, events, denied.length);
  const enabled = await toggle('emergency-enable');
  if (enabled.exitCode !== 0) return fail(howItEnded(enabled), { source: enabled.command });
  const { taken: off } = await takeUnderIt(subjects, events, denied.length);
  const answerOf = (taken: readonly Taken[], line: Taken['line']) =>
    taken.find((one) => one.line === line)?.answer ?? 'not taken';
  const lines = denied.map((line) => ({
    ...{ line, on: answerOf(on, line), off: answerOf(off, line) },
  }));
  run.directory.writeJson(SOURCE, {
    actions,
    lines: lines.map(({ line, ...answers }) => ({ words: lineText(line), ...answers })),
  });
  const judgement = judgeKillSwitch({ lines, actions, areAll }, SOURCE);
  if (judgement.verdict === 'pass') (await run.journal('undo')).strike(entry);
  return judgement;
}

/** Takes the routes without waiting for the event of each. @param due so many lines at least. */
async function takeUnderIt(
  subjects: CoverageSubjects,
  events: EventLog,
  due: number,
): Promise<{ taken: readonly Taken[]; actions: readonly string[]; areAll: boolean }> {
  const told = new Set<readonly OwnDecision[]>();
  const taken = await subjects.takeAtOnce(events, KINDS, told);
  const lines = () => [...told].flat();
  const watermark = subjects.watermark(events);
  try {
    const areAll = await watermark.passed(EVENTS_MS, () => lines().length >= due);
    return { taken, areAll, actions: lines().map(({ action }) => action) };
  } finally {
    await watermark.end();
  }
}
