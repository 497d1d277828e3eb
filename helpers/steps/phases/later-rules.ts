import { howItEnded } from '../../agent/command.ts';
import { StartingDaemon } from '../../agent/daemon.ts';
import { daemonOptions } from '../../agent/daemon-options.ts';
import { mustLive } from '../../agent/lives.ts';
import type { Attempt } from '../../coverage/policy-sample.ts';
import type { Route } from '../../coverage/table.ts';
import { tryRules } from '../../coverage/try-rules.ts';
import { fail, inconclusive, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { counted } from '../../text/counted.ts';
import type { CanaryRun } from '../canary-run.ts';
import { journalPolicy, removePolicy } from './candidate-policy.ts';
import type { CoverageMode } from './coverage-phase.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';

const NAME = 'coverage/later-rules';
/** Nothing listens there, and nothing needs to. */
const ANY_PORT = 9;

/** A rule that comes once the agent runs, and what shows whether it is in force. */
interface LaterRule {
  readonly command: readonly string[];
  readonly attempt: Attempt;
  /** By which its criterion showed that this agent, on this host, can deny it at all. */
  readonly route: Route;
  /** As the agent's lists show it, by which CoverageSubjects knows what is missing. */
  readonly listed: string;
}

/**
 * Which hooks an agent attaches is decided at its start. One that audits leaves those out that have no rule
 * (docs/agent-contract.md §6.1); one that enforces must have them all, for its first rule may come in an incident.
 */
export async function laterRulesAreInForce(
  run: CanaryRun,
  subjects: CoverageSubjects,
  enforce: Pick<CoverageMode, 'judged'>,
): Promise<Judgement> {
  const judged = await enforce.judged();
  // What its command did not put in force beside other rules has a criterion of its own.
  const isShown = ({ route, listed }: LaterRule) =>
    !subjects.missing.includes(listed) &&
    judged.some(({ verdict, taken }) => verdict === 'pass' && taken.line.route === route);
  const rules = laterRules(subjects).filter(isShown);
  if (rules.length === 0)
    throw noEvidence('neither a file nor an address was denied beside other rules, either');
  const options = await daemonOptions(run.settings, {
    ...{ name: NAME, mode: 'enforce', enforceSignal: 'none' },
  });
  // Also undoes rules by commands.
  const applied = await journalPolicy(run, subjects.hostPaths);
  const starting = new StartingDaemon(run.candidate, options, run.directory);
  try {
    const ready = await starting.ready();
    mustLive('coverage', ready);
    for (const { command } of rules) {
      const added = await run.command(...command);
      if (added.exitCode !== 0) return fail(howItEnded(added), { source: added.command });
    }
    const attempts = rules.map(({ attempt }) => attempt);
    const tried = await tryRules(attempts, run.candidate.environment, ready.events);
    if (tried === undefined)
      throw noEvidence('the process that tries the rules reported nothing', { source: NAME });
    return judgeLater(rules, tried);
  } finally {
    await starting.stop();
    await removePolicy(run, applied);
  }
}

function laterRules({ made }: CoverageSubjects): readonly LaterRule[] {
  const { address } = made.site.ipv4;
  const files = made.denied.slice(0, 1).map(
    ({ path }): LaterRule => ({
      command: ['block', 'add', path],
      attempt: { kind: 'file', path },
      route: 'read',
      listed: path,
    }),
  );
  const connect = { kind: 'connect', protocol: 'udp', address, port: ANY_PORT } as const;
  return [
    ...files,
    {
      command: ['network', 'deny', 'add', '--ip', address],
      attempt: connect,
      route: 'udp-connect',
      listed: address,
    },
  ];
}

/** @param tried the outcome of the attempt on each rule, an errno or `let through`, and how many event lines they made. */
export function judgeLater(
  rules: readonly Pick<LaterRule, 'command'>[],
  { outcomes, made }: { readonly outcomes: readonly string[]; readonly made: number },
): Judgement {
  const words = rules.map(({ command }) => command.join(' '));
  const mute = words.filter((_, index) => outcomes[index] === 'let through');
  const strange = words.find((word, index) => outcomes[index] !== 'EPERM' && !mute.includes(word));
  const measured = {
    ...{ value: rules.length - mute.length, limit: rules.length, unit: 'rules in force' },
    source: `${NAME}/agent.stdout.ndjson`,
  };
  const [first, second] = mute;
  if (first !== undefined)
    return fail(
      `the agent was started in enforce mode without a rule of ours, \`${first}\` exited with 0, and what it denies was let through: a rule of an incident would have no effect until a restart${second === undefined ? '' : `; so would \`${second}\``}`,
      measured,
    );
  if (strange !== undefined)
    return inconclusive(
      `after \`${strange}\` what it denies met ${outcomes[words.indexOf(strange)] ?? 'no answer'}, which no rule does; nobody knows whether the rule is in force`,
      { source: measured.source },
    );
  return made < rules.length
    ? inconclusive(
        `${counted(rules.length, 'attempt')} met EPERM and made ${counted(made, 'event line')}; nobody knows whether the agent denied them all`,
        { source: measured.source },
      )
    : pass(
        `${counted(rules.length, 'rule')} that came when the agent enforced without any of ours denied at once`,
        measured,
      );
}
