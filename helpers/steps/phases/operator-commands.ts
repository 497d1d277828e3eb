import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandResult, howItEnded } from '../../agent/command.ts';
import type { Metrics } from '../../agent/contract/metrics.ts';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import { type Scrape, scrapeRunning } from '../../agent/scrape.ts';
import { ownInput } from '../../changes/own-file.ts';
import { cgroupId } from '../../changes/rules.ts';
import {
  isOwed,
  lostRules,
  lostText,
  networkStats,
  numberOf,
} from '../../coverage/exported-policy.ts';
import { sectionsOf } from '../../coverage/policy-sample.ts';
import { fail, inconclusive, type Judgement, pass, worst } from '../../criteria/judgement.ts';
import { counted } from '../../text/counted.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { judgeDefect } from './known-defects.ts';

const SOURCE = 'coverage/enforce/exported.policy';
const COMMANDS = 'commands.ndjson';
/** Of the family that `network stats` shows. */
const DECISIONS = 'aegisbpf_net_blocks_total';
const TYPES = ['connect', 'bind'] as const;

/**
 * What operators' scripts ask the agent for, while the rules of the phase are in force: `policy validate` before an apply, `policy export`
 * before an upgrade, and `network stats`. Each only reads.
 */
export async function operatorCommandsAreTrue(
  run: CanaryRun,
  subjects: CoverageSubjects,
  daemon: () => ReadyDaemon,
): Promise<Judgement> {
  const ofPolicies = await policiesAreValidated(run, subjects);
  const ofExport = await exportHasRules(run, subjects);
  const ofStats = await networkStatsAgree(run, daemon());
  const judged = worst([ofPolicies, ofExport, ofStats]);
  const all = [ofPolicies, ofExport, ofStats];
  const told =
    judged.verdict === 'pass' ? all : all.filter((one) => one.verdict === judged.verdict);
  const findings = ofExport.findings === undefined ? {} : { findings: ofExport.findings };
  return { ...judged, ...findings, explanation: told.map((one) => one.explanation).join('; ') };
}

/** An agent gives its usage where it has no such command, or takes it no more: then nothing was checked. */
const isUnknown = ({ stderr }: CommandResult) => stderr.startsWith('Usage: ');
const unchecked = (command: string) =>
  inconclusive(
    `the agent gives its usage for \`${command}\`, which version 0.10.0 has: nothing was checked, and scripts that ask for it get nothing`,
    { source: COMMANDS },
  );

/** One that is in force is valid, and one with a section of no version is not. */
async function policiesAreValidated(
  run: CanaryRun,
  { made, policyFile }: CoverageSubjects,
): Promise<Judgement> {
  const { directory } = made.site;
  const bad = ownInput(
    directory,
    'bad.policy',
    `${readFileSync(policyFile, 'utf8')}\n[no_such_section]\n/x\n`,
  );
  const good = await run.command('policy', 'validate', policyFile);
  if (isUnknown(good)) return unchecked('policy validate');
  if (good.exitCode !== 0)
    return fail(`the policy whose rules are in force is not valid: ${howItEnded(good)}`, {
      ...{ value: good.exitCode ?? 'no exit code', limit: 0, source: COMMANDS },
    });
  const refused = await run.command('policy', 'validate', bad);
  if (refused.exitCode === undefined)
    return inconclusive(`nobody knows whether a bad policy is refused: ${howItEnded(refused)}`, {
      source: COMMANDS,
    });
  return refused.exitCode === 0
    ? fail(
        '`policy validate` exited with 0 for a policy with a section that no version knows: a script that asks it before each apply takes such a policy for good',
        { value: 0, limit: 'not 0', source: COMMANDS },
      )
    : pass(
        '`policy validate` takes the policy that is in force, and refuses one with an unknown section',
      );
}

/** What is exported is what is in force. */
async function exportHasRules(
  run: CanaryRun,
  { made, policyFile, missing }: CoverageSubjects,
): Promise<Judgement> {
  const path = join(made.site.directory, 'exported.policy');
  const exported = await run.command('policy', 'export', path);
  if (isUnknown(exported)) return unchecked('policy export');
  const measured = { source: COMMANDS };
  if (exported.exitCode !== 0) return fail(howItEnded(exported), measured);
  const text = textOf(path);
  if (text === undefined)
    return fail('`policy export` exited with 0, and wrote no file that can be read', measured);
  run.directory.writeText(SOURCE, text);
  const valid = await run.command('policy', 'validate', path);
  if (!isUnknown(valid) && valid.exitCode !== 0)
    return fail(`what \`policy export\` wrote is no valid policy: ${howItEnded(valid)}`, {
      source: SOURCE,
    });
  const inForce = [...sectionsOf(readFileSync(policyFile, 'utf8'))].map(
    ([section, rules]) => [section, rules.filter((rule) => !missing.includes(rule))] as const,
  );
  const rules = inForce.reduce((sum, [, of]) => sum + of.length, 0);
  const lost = lostRules(new Map(inForce), sectionsOf(text), {
    ...{ ofFile: numberOf, ofCgroup: cgroupId },
  });
  const owed = lost.filter(isOwed);
  const value = { value: lost.length, limit: 0, unit: 'rules', source: SOURCE };
  if (owed.length > 0)
    return fail(
      `\`policy export\` exited with 0, and leaves out what it is there for: ${lostText(owed)}`,
      { ...value, value: owed.length },
    );
  if (lost.length === 0)
    return pass(`\`policy export\` wrote each of ${counted(rules, 'rule')} in force`, value);
  return judgeDefect(
    run.settings,
    'policy-export-loses-rules',
    {
      ...{ title: '`policy export` leaves rules out that are in force', severity: 'high' },
      reference: 'docs/agent-contract.md §1.4, §1.5',
      detail: `it exited with 0 and wrote a valid policy without ${lost.length} of ${rules} rules in force: ${lostText(lost)}; a name with a blank is cut there, and may then be that of another file. Whoever keeps an export before an upgrade and applies it with --reset afterwards loses these rules`,
    },
    value,
  );
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Its counts are those of the metrics, which a soak compares with what was decided. */
async function networkStatsAgree(run: CanaryRun, daemon: ReadyDaemon): Promise<Judgement> {
  const before = await scrapeRunning(run.candidate, daemon.metricsAddress);
  const asked = await run.command('network', 'stats');
  if (isUnknown(asked)) return unchecked('network stats');
  if (asked.exitCode !== 0) return fail(howItEnded(asked), { source: COMMANDS });
  const after = await scrapeRunning(run.candidate, daemon.metricsAddress);
  if (!before.ok || !after.ok)
    return inconclusive(
      `\`network stats\` exited with 0, and there are no metrics to compare its counts with: ${reasonOf(before) ?? reasonOf(after)}`,
      { source: COMMANDS },
    );
  const told = networkStats(asked.stdout);
  return judgeStats(told, (type) => [countOf(before.metrics, type), countOf(after.metrics, type)]);
}

const reasonOf = (scrape: Scrape) => (scrape.ok ? undefined : scrape.reason);

function countOf(metrics: Metrics, type: string): number | undefined {
  const count = metrics.series(DECISIONS, { type });
  return count.ok ? count.value : undefined;
}

/** @param told by the command. @param counted by the endpoint, before and after it. */
export function judgeStats(
  told: ReturnType<typeof networkStats>,
  countedBy: (type: string) => readonly [number | undefined, number | undefined],
): Judgement {
  const source = COMMANDS;
  const read = TYPES.map((type) => {
    const [least, most] = countedBy(type);
    return { type, value: told[type], least, most };
  });
  const wrong = read.filter(
    ({ value, least, most }) =>
      value !== undefined &&
      ((least !== undefined && value < least) || (most !== undefined && value > most)),
  );
  const [first] = wrong;
  if (first !== undefined)
    return fail(
      wrong
        .map(
          ({ type, value, least, most }) =>
            `\`network stats\` tells ${value} denied ${type}s, and the metrics counted ${least} before and ${most} after it`,
        )
        .join('; '),
      { value: first.value ?? '', limit: first.most ?? '', unit: `${first.type}s`, source },
    );
  const open = read.filter(({ value, least, most }) => [value, least, most].includes(undefined));
  if (open.length > 0)
    return inconclusive(
      `\`network stats\` exited with 0, and it or the metrics do not tell how many of these were denied: ${open.map(({ type }) => type).join(', ')}`,
      { source },
    );
  return pass(
    `\`network stats\` tells what the metrics count: ${read.map(({ type, value }) => `${value} ${type}s`).join(', ')}`,
    { source },
  );
}
