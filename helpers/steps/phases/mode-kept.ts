import { howItEnded } from '../../agent/command.ts';
import { ownInput } from '../../changes/own-file.ts';
import { judgeModeKept } from '../../coverage/mode-kept.ts';
import { type Kind, lineText } from '../../coverage/table.ts';
import { tryRules } from '../../coverage/try-rules.ts';
import { fail, type Judgement, noEvidence } from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { CoverageMode } from './coverage-phase.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { answerTo, asTheyMust, takenAtOnce } from './taken-at-once.ts';

const SOURCE = 'coverage/audit/mode-kept.json';
/** They take a route of each hook. */
const KINDS: readonly Kind[] = ['root', 'network'];

/**
 * A fleet is only watched for weeks while its rules change every day. Every policy apply writes the configuration in which the mode
 * stands (docs/agent-contract.md §6.5): the policy that is in force is applied once more, a rule is made by its command, and the
 * agent must audit still.
 */
export async function modeIsKept(
  run: CanaryRun,
  subjects: CoverageSubjects,
  audit: Pick<CoverageMode, 'daemon' | 'judged'>,
): Promise<Judgement> {
  const { events } = audit.daemon();
  const watched = asTheyMust(await audit.judged(), KINDS);
  const file = ownInput(subjects.made.site.directory, 'watched', 'AegisBPF staging canary\n');
  // Whatever file a rule by its content looks for is read by the command, a child of ours.
  events.watchProcess(process.pid);
  // With the rules by content as well: the enforcing agent that comes next must find them.
  const applied = await run.command('policy', 'apply', subjects.wholePolicy, '--reset');
  if (applied.exitCode !== 0) return fail(howItEnded(applied), { source: applied.command });
  const { taken, ...told } = await takenAtOnce(subjects, events, KINDS, watched.length);
  const added = await run.command('block', 'add', file);
  if (added.exitCode !== 0) return fail(howItEnded(added), { source: added.command });
  const tried = await tryRules([{ kind: 'file', path: file }], run.candidate.environment, events);
  // Later steps count the rules of the phase. The policy in the journal would take it away, too.
  const deleted = await run.command('block', 'del', file);
  if (deleted.exitCode !== 0) return fail(howItEnded(deleted), { source: deleted.command });
  if (tried === undefined)
    throw noEvidence('the process that opens the file reported nothing', { source: SOURCE });
  const behindApply = {
    ...told,
    lines: watched.map((line) => ({ line, met: answerTo(taken, line) })),
  };
  const kept = {
    added: { outcome: tried.outcomes[0] ?? 'unknown', actions: tried.actions },
  };
  run.directory.writeJson(SOURCE, {
    ...{ ...kept, ...told },
    lines: behindApply.lines.map(({ line, met }) => ({ words: lineText(line), met })),
  });
  return judgeModeKept({ behindApply, ...kept }, SOURCE);
}
