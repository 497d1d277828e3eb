import { howItEnded } from '../../agent/command.ts';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import { ownInput } from '../../changes/own-file.ts';
import { type NotTried, type SampledRule, sampleOf } from '../../coverage/policy-sample.ts';
import { tryRules } from '../../coverage/try-rules.ts';
import {
  fail,
  inconclusive,
  type Judgement,
  NotApplicable,
  noEvidence,
  pass,
} from '../../criteria/judgement.ts';
import { counted } from '../../text/counted.ts';
import type { CanaryRun } from '../canary-run.ts';
import { refuseWhatStays } from './candidate-policy.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';

const SOURCE = 'coverage/enforce/candidate-policy.json';
/** Without the rule an attempt comes as far as the agent's hook, whatever becomes of it then. */
const REACHED = ['let through', 'ECONNREFUSED', 'ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN'];

/** Rules of the operator's policy deny what they name, once it is in force while the agent enforces. */
export async function candidatePolicyDenies(
  run: CanaryRun,
  { hostPaths, made }: CoverageSubjects,
  daemon: () => ReadyDaemon,
): Promise<Judgement> {
  const { CANDIDATE_POLICY: named, candidatePolicy } = run.settings;
  if (candidatePolicy === undefined) throw new NotApplicable('CANDIDATE_POLICY names no policy');
  if (hostPaths.length > 0)
    throw noEvidence(
      `this host carries ${counted(hostPaths.length, 'rule')} of its own (${hostPaths[0]}), which applying CANDIDATE_POLICY would replace; use a staging host without rules`,
      { value: hostPaths.length, limit: 0, unit: 'rules', source: 'aegisbpf block list' },
    );
  const content = Buffer.from(candidatePolicy, 'base64');
  const policy = content.toString('utf8');
  refuseWhatStays(run, policy);
  const sample = sampleOf(policy);
  if (sample.tried.length + sample.notTried.length === 0)
    throw new NotApplicable(`CANDIDATE_POLICY=${named} has no rule that denies`);
  const tryAll = async (rules: readonly SampledRule[]) => {
    const attempts = rules.map(({ attempt }) => attempt);
    const told = await tryRules(attempts, run.candidate.environment, daemon().events);
    if (told !== undefined) return told;
    throw noEvidence('the process that tries the rules did not tell all that it met');
  };
  const control = await tryAll(sample.tried);
  const outcomeOf = (rule: SampledRule) =>
    control.outcomes[sample.tried.indexOf(rule)] ?? 'unknown';
  const sound = sample.tried.filter((rule) => REACHED.includes(outcomeOf(rule)));
  const refused = sample.tried.filter((rule) => !sound.includes(rule));
  const path = ownInput(made.site.directory, 'candidate.policy', content);
  const applied = await run.command('policy', 'apply', path, '--reset');
  if (applied.exitCode !== 0)
    return fail(`CANDIDATE_POLICY=${named}: ${howItEnded(applied)}`, { source: applied.command });
  const { outcomes, made: events } = await tryAll(sound);
  const tried = sound.map(({ section, rule }, index) => ({
    ...{ section, rule, outcome: outcomes[index] ?? 'unknown' },
  }));
  const notTried = [
    ...refused.map((rule) => ({
      ...{ section: rule.section, rules: 1 },
      reason: `${rule.rule} meets ${outcomeOf(rule)} without the policy too`,
    })),
    ...sample.notTried,
  ];
  run.directory.writeJson(SOURCE, { tried, events, notTried });
  return judgeRules(tried, events, notTried);
}

/** A rule that was tried, and what became of it. */
type TriedRule = Pick<SampledRule, 'section' | 'rule'> & { readonly outcome: string };

/** @param events that the attempts made. */
export function judgeRules(
  tried: readonly TriedRule[],
  events: number,
  notTried: readonly NotTried[],
): Judgement {
  const open = tried.filter(({ outcome }) => outcome !== 'EPERM');
  const untold = notTried.map(({ section, reason, rules }) => `${rules} of ${section} (${reason})`);
  const besides = untold.length === 0 ? '' : `; not tried: ${untold.join(', ')}`;
  const measured = {
    ...{ value: tried.length - open.length, limit: tried.length },
    ...{ unit: 'rules in force', source: SOURCE },
  };
  if (tried.length === 0)
    return inconclusive(
      `no rule of CANDIDATE_POLICY can be tried without harm${besides}`,
      measured,
    );
  if (open.length > 0)
    return fail(
      `CANDIDATE_POLICY is in force, and these rules deny nothing: ${open.map(({ section, rule, outcome }) => `${section} ${rule} (${outcome})`).join(', ')}${besides}`,
      measured,
    );
  const what = `${counted(tried.length, 'rule')} of CANDIDATE_POLICY tried, each denied`;
  return events === tried.length
    ? pass(`${what} with one event${besides}`, measured)
    : fail(
        `${what}, but the agent logged ${events === 0 ? 'no event' : counted(events, 'event')} for them${besides}`,
        measured,
      );
}
