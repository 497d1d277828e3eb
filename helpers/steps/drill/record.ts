import { hash } from 'node:crypto';
import { howItEnded } from '../../agent/command.ts';
import { parsePolicyShow } from '../../agent/contract/rules.ts';
import { fail, inconclusive, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { judgeDefect } from '../phases/known-defects.ts';
import type { DrillStage } from './stage.ts';

const source = 'aegisbpf policy show';

/** What disagrees between the record and a kernel that holds the baseline's rules. */
async function disagreements(stage: DrillStage): Promise<string[]> {
  const { guarded, needed } = stage.prepared();
  const result = await stage.run.command('policy', 'show');
  stage.run.directory.writeText('rollback/policy-show.txt', result.stdoutBytes);
  const parsed = parsePolicyShow(result.stdout);
  if (result.exitCode !== 0 || !parsed.ok) {
    const why = parsed.ok ? howItEnded(result) : parsed.error;
    throw noEvidence(`the recorded policy cannot be read: ${why}`, { source });
  }
  const { text, appliedSha256 } = parsed.value;
  const digest = hash('sha256', text);
  const lines = text.split('\n').map((line) => line.trim());
  return [
    lines.includes(guarded.path) ? undefined : "the recorded text lacks the baseline's rule",
    lines.includes(needed.path)
      ? 'the recorded text still denies the file that the rollback freed'
      : undefined,
    appliedSha256 === undefined
      ? 'there is no recorded hash (`# applied_sha256:`)'
      : appliedSha256 === digest
        ? undefined
        : `the recorded hash ${appliedSha256.slice(0, 12)}… is not that of the recorded text ${digest.slice(0, 12)}…`,
  ].filter((problem) => problem !== undefined);
}

/** What the agent recorded must be what the kernel holds: the next restart goes by the record. */
export async function recordAgrees(stage: DrillStage): Promise<Judgement> {
  const problems = await disagreements(stage);
  if (problems.length === 0) return pass('recorded text, hash and kernel rules agree', { source });
  return judgeDefect(
    stage.run.settings,
    'rollback-record',
    {
      title: 'policy rollback restores the rules and records the wrong policy',
      severity: 'high',
      reference: 'docs/agent-contract.md §6.5',
      detail: `after \`policy rollback\` the kernel holds the baseline's rules, but ${problems.join(', and ')}; the next restart, rollback or failed apply goes by the record`,
    },
    { value: problems.length, limit: 0, unit: 'disagreements', source },
  );
}

/** The same for an apply, which no version is known to record wrongly. */
export async function laterRecordAgrees(
  stage: DrillStage,
  after = 'the later apply',
): Promise<Judgement> {
  const problems = await disagreements(stage);
  const measured = { value: problems.length, limit: 0, unit: 'disagreements', source };
  if (problems.length > 0)
    return fail(`after ${after} the record is wrong: ${problems.join(', and ')}`, measured);
  return stage.agent().isRunning()
    ? pass(`after ${after} rules, opens and record are the baseline's`, measured)
    : inconclusive('the agent no longer runs', measured);
}
