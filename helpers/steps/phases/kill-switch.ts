import { howItEnded } from '../../agent/command.ts';
import { KILL_SWITCH_REASON } from '../../changes/undo-entry.ts';
import { judgeKillSwitch } from '../../coverage/kill-switch.ts';
import { type Kind, lineText } from '../../coverage/table.ts';
import { fail, type Judgement } from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';
import { mustHave } from '../drill/usage.ts';
import { emergencyStatus } from '../emergency-status.ts';
import type { CoverageMode } from './coverage-phase.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { answerTo, asTheyMust, takenAtOnce } from './taken-at-once.ts';

const SOURCE = 'coverage/enforce/kill-switch.json';
/** Those that take a route of each hook; others differ by who they are, which the kill switch does not ask. */
const KINDS: readonly Kind[] = ['root', 'network', 'network-ipv6', 'ruled'];

/**
 * The drill shows that the kill switch outlives a restart, and tries it on one file. Each hook decides by itself whether it
 * is on: here every denied route of those kinds is taken while it is, and again when it is ended. The policy of these routes is
 * applied in between, as whoever mends one does in the emergency: that must not end it.
 */
export async function killSwitchStopsEveryDenial(
  run: CanaryRun,
  subjects: CoverageSubjects,
  enforce: Pick<CoverageMode, 'daemon' | 'judged'>,
): Promise<Judgement> {
  const { events } = enforce.daemon();
  await mustHave({ run }, 'emergency-disable');
  const denied = asTheyMust(await enforce.judged(), KINDS);
  const { policyFile } = subjects;
  const take = () => takenAtOnce(subjects, events, KINDS, denied.length);
  const isOn = async () => {
    const status = await emergencyStatus(run);
    return typeof status === 'string' ? status : status.enabled;
  };
  // In the journal first: whatever ends this run now, the guardian enables again.
  const entry = (await run.journal()).record({ kind: 'emergency' });
  const toggle = (command: string) => run.command(command, '--reason', KILL_SWITCH_REASON);
  const disabled = await toggle('emergency-disable');
  if (disabled.exitCode !== 0) return fail(howItEnded(disabled), { source: disabled.command });
  const onAtFirst = await isOn();
  // Others are in force by now.
  const applied = await run.command('policy', 'apply', policyFile, '--reset');
  const onBehindApply = await isOn();
  const on = applied.exitCode === 0 ? await take() : undefined;
  const enabled = await toggle('emergency-enable');
  if (enabled.exitCode !== 0) return fail(howItEnded(enabled), { source: enabled.command });
  if (on === undefined) return fail(howItEnded(applied), { source: applied.command });
  const { taken: off } = await take();
  const lines = denied.map((line) => ({
    ...{ line, on: answerTo(on.taken, line), off: answerTo(off, line) },
  }));
  const { actions, areAll } = on;
  const switched = { actions, areAll, isOn: onAtFirst, isOnBehindApply: onBehindApply };
  run.directory.writeJson(SOURCE, {
    ...switched,
    lines: lines.map(({ line, ...answers }) => ({ words: lineText(line), ...answers })),
  });
  const judgement = judgeKillSwitch({ ...switched, lines }, SOURCE);
  if (judgement.verdict === 'pass') (await run.journal('undo')).strike(entry);
  return judgement;
}
