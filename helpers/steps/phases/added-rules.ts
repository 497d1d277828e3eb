import { howItEnded } from '../../agent/command.ts';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import { scrapeRunning } from '../../agent/scrape.ts';
import { ownInput } from '../../changes/own-file.ts';
import type { Attempt } from '../../coverage/policy-sample.ts';
import type { Route } from '../../coverage/table.ts';
import { tryRules } from '../../coverage/try-rules.ts';
import { fail, inconclusive, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { counted } from '../../text/counted.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { CoverageMode } from './coverage-phase.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';

const SOURCE = 'commands.ndjson';
const COUNTER = 'aegisbpf_blocks_total';
/** Nothing listens there, and nothing needs to. */
const ANY_PORT = 9;

/** A rule that is tried, and how. */
interface TriedRule {
  /** As a line of the policy. */
  readonly rule: string;
  readonly attempt: Attempt;
  /** By which the table showed that this agent, on this host, can deny it at all. */
  readonly route: Route;
  readonly isAdded: boolean;
}

/** What became of each, and the counter before and behind the apply. */
export interface AddedRules {
  readonly rules: readonly Pick<TriedRule, 'rule' | 'isAdded'>[];
  /** An errno, or `let through`. */
  readonly outcomes: readonly string[];
  readonly before: number | undefined;
  readonly after: number | undefined;
}

/**
 * Every other policy of ours is applied with --reset, which empties the tables and the counters first. Without it the agent compares
 * what it has with what the policy says (docs/agent-contract.md §6.5), and a policy with a few rules more must bring just these.
 */
export async function addedRulesAreInForce(
  run: CanaryRun,
  subjects: CoverageSubjects,
  enforce: Pick<CoverageMode, 'daemon' | 'judged'>,
): Promise<Judgement> {
  const daemon = enforce.daemon();
  const judged = await enforce.judged();
  // Decisions on files alone are in the counter that could be set back.
  const file = subjects.deniedFile();
  const isShown = ({ route, rule, isAdded }: TriedRule) =>
    (isAdded || !subjects.missing.includes(rule)) &&
    judged.some(({ verdict, taken }) => verdict === 'pass' && taken.line.route === route);
  const { directory } = subjects.made.site;
  const added = ownInput(directory, 'added', 'AegisBPF staging canary\n');
  const rules = rulesOf(subjects, file, added).filter(isShown);
  const known = rules.filter(({ isAdded }) => !isAdded);
  if (known[0]?.attempt.kind !== 'file')
    throw noEvidence('the file was not denied by the first policy, either');
  const more = { deny_path: [added], deny_ip: [subjects.made.site.ipv4.next] };
  const policy = ownInput(directory, 'added.policy', subjects.policyWith(more));
  const first = await run.command('policy', 'apply', subjects.policyFile, '--reset');
  if (first.exitCode !== 0) return fail(howItEnded(first), { source: first.command });
  // So that there is a count to lose.
  const controls = await outcomesOf(run, daemon, known);
  if (controls.some((outcome) => outcome !== 'EPERM'))
    throw noEvidence(`before it these met ${controls.join(', ')}, expected EPERM`, {
      source: SOURCE,
    });
  const before = await decisions(run, daemon);
  const applied = await run.command('policy', 'apply', policy);
  if (applied.exitCode !== 0) return fail(howItEnded(applied), { source: applied.command });
  const after = await decisions(run, daemon);
  const outcomes = await outcomesOf(run, daemon, rules);
  return judgeAdded({ rules, outcomes, before, after });
}

/** A file and an address of the first policy, and one more of each. */
function rulesOf({ made }: CoverageSubjects, file: string, added: string): readonly TriedRule[] {
  const { address, next } = made.site.ipv4;
  const ofFile = (path: string, isAdded: boolean): TriedRule => ({
    ...{ rule: path, route: 'read', isAdded },
    attempt: { kind: 'file', path },
  });
  const ofAddress = (one: string, isAdded: boolean): TriedRule => ({
    ...{ rule: one, route: 'udp-connect', isAdded },
    attempt: { kind: 'connect', protocol: 'udp', address: one, port: ANY_PORT },
  });
  return [
    ...[ofFile(file, false), ofAddress(address, false)],
    ...[ofFile(added, true), ofAddress(next, true)],
  ];
}

async function outcomesOf(
  run: CanaryRun,
  { events }: Pick<ReadyDaemon, 'events'>,
  rules: readonly TriedRule[],
): Promise<readonly string[]> {
  const attempts = rules.map(({ attempt }) => attempt);
  const tried = await tryRules(attempts, run.candidate.environment, events);
  if (tried === undefined)
    throw noEvidence('the process that tries the rules reported nothing', { source: SOURCE });
  return tried.outcomes;
}

async function decisions(
  run: CanaryRun,
  { metricsAddress }: Pick<ReadyDaemon, 'metricsAddress'>,
): Promise<number | undefined> {
  const scrape = await scrapeRunning(run.candidate, metricsAddress);
  const sum = scrape.ok ? scrape.metrics.sum(COUNTER) : undefined;
  return sum?.ok ? sum.value : undefined;
}

export function judgeAdded({ rules, outcomes, before, after }: AddedRules): Judgement {
  const mute = rules.filter((_, index) => outcomes[index] === 'let through');
  const strange = rules.filter(
    (rule, index) => outcomes[index] !== 'EPERM' && !mute.includes(rule),
  );
  const measured = {
    ...{ value: rules.length - mute.length, limit: rules.length, unit: 'rules in force' },
    source: SOURCE,
  };
  const [first, ...others] = mute;
  const how = '`policy apply` without --reset exited with 0, and';
  if (first !== undefined)
    return fail(
      `${how} the rule ${first.rule} (${first.isAdded ? 'new in it' : 'also in the policy before it'}) denies nothing${others.length === 0 ? '' : `; so does ${others.map(({ rule }) => rule).join(', ')}`}`,
      measured,
    );
  if (before !== undefined && after !== undefined && after < before)
    return fail(
      `${how} ${COUNTER} went back from ${before} to ${after}: nobody asked for that, and an alert on the counter ends`,
      { value: after, limit: before, unit: 'decisions', source: SOURCE },
    );
  const [odd] = strange;
  if (odd !== undefined)
    return inconclusive(
      `${how} what ${odd.rule} denies met ${outcomes[rules.indexOf(odd)] ?? 'no answer'}, which no rule does`,
      { source: SOURCE },
    );
  if (before === undefined || after === undefined || before === 0)
    return inconclusive(
      `${counted(rules.length, 'rule')} in force, and ${COUNTER} ${before === 0 ? 'counted nothing before' : 'could not be read before and behind the apply'}, so nobody knows whether it was set back`,
      { source: SOURCE },
    );
  return pass(
    `${counted(rules.length, 'rule')} in force, those of before and those that were added, and ${COUNTER} goes on (${before} → ${after})`,
    measured,
  );
}
