import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { dirSync } from 'tmp';
import { candidateEnvironment, judgeCandidateFile } from '../agent/candidate.ts';
import { howItEnded, runCommand } from '../agent/command.ts';
import { isDenial, parseSimulation, type Simulation } from '../agent/contract/simulation.ts';
import type { RunDirectory } from '../evidence/run-directory.ts';
import { readRunRecord } from '../evidence/run-record.ts';
import { readRegularFile } from '../files/regular-file.ts';
import { sha256OfFile } from '../files/sha256.ts';
import { readSettings } from '../settings/settings.ts';
import { counted } from '../text/counted.ts';
import { policyByInode } from './by-inode.ts';
import { cleanText } from './open-groups.ts';
import { type RecordedGroup, recordedGroups } from './recorded-groups.ts';

/** What another policy would do to a group that was recorded. */
interface WhatIf {
  readonly group: RecordedGroup;
  /** The rule by the agent's word, or why it says nothing of this kind of decision. */
  readonly rule: string;
  readonly blocked: boolean | 'not simulated';
}

const TIMEOUT_SECONDS = 120;

const isFile = ({ type }: RecordedGroup) => type === 'block';
const isNetwork = ({ type }: RecordedGroup) => /^net_\w+_block$/.test(type);

/** The agent's answers in the order of the events that it was given. */
function answers(groups: readonly RecordedGroup[], simulation: Simulation): readonly WhatIf[] {
  const files = simulation.events.values();
  const network = (simulation.net_events ?? []).values();
  return groups.map((group) => {
    const next = isFile(group) ? files.next() : network.next();
    const rule = next.value?.simulated_rule;
    if (rule === undefined)
      throw new Error('`simulate` left out events that it was given, so its answer proves nothing');
    return { group, rule, blocked: isDenial(rule) };
  });
}

async function simulate(
  groups: readonly RecordedGroup[],
  policy: string,
  agent: string,
): Promise<readonly WhatIf[]> {
  const directory = dirSync({ unsafeCleanup: true, mode: 0o700 });
  try {
    const events = join(directory.name, 'events.ndjson');
    const policyFile = join(directory.name, 'by-inode.policy');
    // Each group's first event, one a line: an event more of the same group would say the same.
    const lines = groups.map(({ examples }) => `${JSON.stringify(examples[0])}\n`);
    writeFileSync(events, lines.join(''), { mode: 0o600 });
    writeFileSync(policyFile, policyByInode(policy, groups), { mode: 0o600 });
    const environment = candidateEnvironment(readSettings({}), 'what-if');
    const candidate = { executable: agent, environment, timeoutSeconds: TIMEOUT_SECONDS };
    const args = ['--policy', policyFile, '--per-event', '--json'];
    const result = await runCommand(candidate, 'simulate', events, ...args);
    if (result.exitCode !== 0)
      throw new Error(
        `${howItEnded(result)}; agents before 0.10 have no \`simulate\`, name another with --agent`,
      );
    const parsed = parseSimulation(result.stdout);
    if (!parsed.ok) throw new Error(parsed.error);
    return answers(groups, parsed.value);
  } finally {
    directory.removeCallback();
  }
}

/**
 * The program that answers: one that was named, or the run's candidate if it still is what was judged.
 * @throws Error when it is another by now, or others could have written it: we may be root.
 */
async function trustedAgent(run: RunDirectory, named: string | undefined): Promise<string> {
  const record = readRunRecord(run);
  const binary = named === undefined ? record?.candidatePath : resolve(named);
  if (binary === undefined)
    throw new Error('the run does not say what its candidate was; name an agent with --agent');
  const file = judgeCandidateFile(binary);
  if (file.verdict !== 'pass') throw new Error(`${file.explanation}; or name another with --agent`);
  if (named === undefined && (await sha256OfFile(binary)) !== record?.candidateSha256)
    throw new Error(
      `${binary} is no longer the candidate of this run (SHA-256 ${record?.candidateSha256}); name an agent with --agent`,
    );
  return binary;
}

/**
 * Which recorded groups another policy would still block, by the agent's own `simulate`. Needs
 * neither root nor a host with BPF.
 * @param agent the binary; the run's candidate without one.
 * @throws Error when the agent cannot simulate, or its answer does not fit what it was asked.
 */
export async function whatIf(
  run: RunDirectory,
  policy: string,
  agent: string | undefined,
): Promise<readonly WhatIf[]> {
  const groups: RecordedGroup[] = [];
  for await (const group of recordedGroups(run)) groups.push(group);
  const told = groups.filter(
    (group) => group.examples[0] !== undefined && (isFile(group) || isNetwork(group)),
  );
  const binary = await trustedAgent(run, agent);
  const text = readRegularFile(policy);
  const simulated = told.length === 0 ? [] : await simulate(told, text, binary);
  const byGroup = new Map(simulated.map((one) => [one.group, one]));
  const untold = { rule: 'simulate knows no such event', blocked: 'not simulated' } as const;
  return groups.map((group) => byGroup.get(group) ?? { group, ...untold });
}

/** Groups that are listed of each kind; all stand in decision-groups.ndjson. */
const MOST_LISTED = 50;

function part(title: string, simulated: readonly WhatIf[]): string[] {
  if (simulated.length === 0) return [];
  const more = simulated.length - MOST_LISTED;
  const decisions = simulated.reduce((sum, { group }) => sum + group.count, 0);
  return [
    `${title}: ${counted(simulated.length, 'group')}, ${decisions.toLocaleString('en')} decisions`,
    ...simulated
      .slice(0, MOST_LISTED)
      .map(
        ({ group, rule }) =>
          `  ${group.count.toLocaleString('en').padStart(10)}  ${cleanText(group.group)}  (${cleanText(rule)})`,
      ),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

/** What another policy would do, one group a line, those first that it would still block. */
export function whatIfText(simulated: readonly WhatIf[]): string {
  if (simulated.length === 0) return 'no decision was recorded, so there is nothing to simulate\n';
  const of = (blocked: WhatIf['blocked']) => simulated.filter((one) => one.blocked === blocked);
  return `${[
    ...part('this policy would still block', of(true)),
    ...part('this policy would let pass', of(false)),
    ...part('unknown, because simulate knows no such event', of('not simulated')),
  ].join('\n')}\n\n`;
}
