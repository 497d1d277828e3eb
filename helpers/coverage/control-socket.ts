import { z } from 'zod';
import type { ControlAnswer } from '../agent/control-request.ts';
import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import { jsonOf } from '../files/ndjson.ts';

/** What was asked on the control socket, and what came of it. */
export interface Asked {
  readonly request: string;
  readonly answer: ControlAnswer;
}

/** The rules that were made by it, each tried by a process of ours: an errno, or `let through`. */
export interface ControlledRules {
  readonly asked: readonly Asked[];
  /** Behind the clients that did not wait for their answer, and behind the requests for rules. */
  readonly descriptors: readonly HeldDescriptors[];
  /** Requests for rules that this start cannot keep: it attached no hook on connects. */
  readonly notTried: readonly string[];
  /** Lifetime that the rules which end by themselves were given, in s. */
  readonly ttlSeconds: number;
  /** What was denied at once, by the words of its request. */
  readonly denied: readonly (readonly [request: string, outcome: string])[];
  /** Those that end by themselves once more, before that; when it was known: s since the first of them was asked for. */
  readonly kept: readonly (readonly [request: string, outcome: string])[];
  readonly keptSeconds: number;
  /** Behind `/block/del`. */
  readonly removed: readonly [request: string, outcome: string];
  /** Rules whose time is over, and how long it was when they were tried last, in s. */
  readonly ended: readonly (readonly [request: string, outcome: string])[];
  readonly endedSeconds: number;
  /** One on a file that was renamed once it was denied, tried by its new name behind the end of the others. */
  readonly moved: readonly [request: string, outcome: string];
  /** Rules that were asked for without a ttl and with one, in the one order and in the other, each tried behind the end of the others. */
  readonly forGood: readonly (readonly [requests: string, outcome: string])[];
  /** A rule with a ttl that was made just before the agent was started anew. */
  readonly restarted: {
    readonly request: string;
    readonly ttlSeconds: number;
    /** Before the agent stopped. */
    readonly before: OverTime;
    /** As soon as the next one was ready. */
    readonly kept: OverTime;
    /** When it was tried last. */
    readonly ended: OverTime;
  };
}

/** How many descriptors the agent had open before and behind so many requests. */
export interface HeldDescriptors {
  readonly requests: number;
  readonly before: number;
  readonly after: number;
}

/** What an attempt met, and how long after its rule was asked for, in s. */
interface OverTime {
  readonly outcome: string;
  readonly seconds: number;
}

/** The agent counts whole seconds, the one in which it is asked among them: a rule may end by so much earlier, in s. */
const EARLIER = 1;

const status = z.object({ status: z.literal('ok') });
const isDone = ({ ok, ...answer }: ControlAnswer) =>
  ok && status.safeParse(jsonOf('text' in answer ? answer.text : '')).success;
const answerText = (answer: ControlAnswer) =>
  answer.ok ? `was answered ${answer.text}` : `had no answer: ${answer.reason}`;

/** A request that was not done, in words. */
export const notDone = ({ request, answer }: Asked): string | undefined =>
  isDone(answer) ? undefined : `\`${request}\` ${answerText(answer)}`;

/** What is asked on the socket is in force once it is answered, and what has a time is gone when that is over. */
export function judgeControlledRules(rules: ControlledRules, source: string): Judgement {
  const { asked, denied, kept, removed, ended, ttlSeconds, keptSeconds, endedSeconds } = rules;
  const measured = (value: number) => ({ value, limit: 0, unit: 'requests', source });
  const refused = asked.flatMap((one) => notDone(one) ?? []);
  if (refused.length > 0) return fail(refused.join('; '), measured(refused.length));
  const listed = (those: typeof denied) => those.map(([request]) => `\`${request}\``).join(', ');
  const isThrough = ([, outcome]: (typeof denied)[number]) => outcome === 'let through';
  const isOver = keptSeconds >= ttlSeconds - EARLIER;
  const through = isOver ? denied.filter(([request]) => !request.includes(' ttl=')) : denied;
  const vain = through.filter(isThrough);
  if (vain.length > 0)
    return fail(
      `these requests were answered, and what they deny was let through: ${listed(vain)}`,
      measured(vain.length),
    );
  if (isOver)
    return inconclusive(
      `this host took ${keptSeconds.toFixed(1)} s to try rules that were to last ${ttlSeconds} s; run again while it has less to do`,
      { source },
    );
  const early = kept.filter(isThrough);
  if (early.length > 0)
    return fail(
      `${keptSeconds.toFixed(1)} s after they were made, with ttl=${ttlSeconds}, these rules denied no longer: ${listed(early)}`,
      measured(early.length),
    );
  const [request, outcome] = removed;
  if (outcome === 'EPERM')
    return fail(
      `\`${request}\` was answered, and what it takes the rule from is still denied`,
      measured(1),
    );
  const stuck = ended.filter(([, last]) => last === 'EPERM');
  if (stuck.length > 0)
    return fail(
      `${endedSeconds.toFixed(0)} s after they were made with ttl=${ttlSeconds} these rules deny still: ${listed(stuck)}; what was to be denied for a while is denied for ever`,
      measured(stuck.length),
    );
  const { before, kept: keptOver, ended: endedOver, ...last } = rules.restarted;
  const lastDue = (at: OverTime) =>
    at.seconds < last.ttlSeconds - EARLIER && at.outcome === 'let through';
  if (lastDue(before) || lastDue(keptOver))
    return fail(
      `\`${last.request}\` was answered, and what it denies was let through ${lastDue(before) ? `${before.seconds.toFixed(1)} s later` : `${keptOver.seconds.toFixed(1)} s later, once the agent was started anew`}`,
      measured(1),
    );
  if (before.outcome === 'let through')
    return inconclusive(
      `this host took ${before.seconds.toFixed(1)} s to try a rule that was to last ${last.ttlSeconds} s, over a restart; run again while it has less to do`,
      { source },
    );
  if (endedOver.outcome === 'EPERM')
    return fail(
      `\`${last.request}\` was followed by a restart of the agent, and ${endedOver.seconds.toFixed(0)} s after it was made the rule denies still; what was to be denied for a while is denied for ever`,
      measured(1),
    );
  const besides = rules.notTried
    .map((one) => `; not tried: \`${one}\`, for the agent attached no hook on connects`)
    .join('');
  const strange =
    [...denied, ...kept, [last.request, before.outcome] as const].find(
      ([, last]) => last !== 'EPERM',
    ) ??
    [removed, ...ended, [last.request, endedOver.outcome] as const].find(
      ([, last]) => last !== 'let through',
    );
  return strange === undefined
    ? pass(
        `${denied.length} rules by the control socket denied at once; one was taken away, and those with ttl=${ttlSeconds} ended by themselves within ${endedSeconds.toFixed(1)} s; one that was made before a restart of the agent ended ${endedOver.seconds.toFixed(1)} s after it was made${besides}`,
        measured(0),
      )
    : inconclusive(
        `behind \`${strange[0]}\` an attempt met ${strange[1]}, which no rule does; nobody knows whether the rule is in force`,
        { source },
      );
}

/** What it means where the rule on a renamed file is still there, in words. */
export const outlivesItsFile = ({
  moved: [request, outcome],
  endedSeconds,
}: ControlledRules): string | undefined =>
  outcome === 'EPERM'
    ? `the file of \`${request}\` was renamed, and ${endedSeconds.toFixed(0)} s after it was made, behind the end of the others, the rule denies the file still: whoever moves what an alert has denied for a while has it denied for ever, and so has who gets its inode number`
    : undefined;

/** Where it does not deny any more. */
export const judgeMoved = ({ moved: [request, outcome] }: ControlledRules, source: string) =>
  outcome === 'let through'
    ? pass(`the rule of \`${request}\` ended although its file had been renamed`, { source })
    : inconclusive(
        `the file of \`${request}\` was renamed, and behind the end of the rule an open of it met ${outcome}, which no rule does`,
        { source },
      );

/** What it means where the end of a ttl takes away what was denied without one, in words. */
export function lostForGood({ forGood, endedSeconds }: ControlledRules): string | undefined {
  const lost = forGood.filter(([, outcome]) => outcome === 'let through');
  return lost.length === 0
    ? undefined
    : `${endedSeconds.toFixed(0)} s behind ${lost.map(([requests]) => `\`${requests}\``).join(' and behind ')} nothing is denied there any more: the rule for a while took the one without a ttl away at its end, and whoever responds to an alert by it opens what is to be denied for good`;
}

/** Where all of them deny still. */
export function judgeForGood({ forGood }: ControlledRules, source: string): Judgement {
  const strange = forGood.find(([, outcome]) => outcome !== 'EPERM');
  return strange === undefined
    ? pass('rules without a ttl outlive the end of one with a ttl on the same file', { source })
    : inconclusive(
        `behind \`${strange[0]}\` and the end of the ttl an attempt met ${strange[1]}, which no rule does; nobody knows whether the rule without a ttl is in force`,
        { source },
      );
}

/** What it means where requests leave descriptors open in the agent, whether their clients wait for the answer or not, in words. */
export function leakedDescriptors({ descriptors }: ControlledRules): string | undefined {
  const leak = descriptors.find(({ requests, before, after }) => after - before >= requests);
  return leak === undefined
    ? undefined
    : `behind ${leak.requests} requests on the control socket the agent has ${leak.after - leak.before} descriptors more (${leak.after}, ${leak.before} before): once it can open no more of them, nobody makes a rule by the socket, and what else it has to open fails`;
}

/** Who may read the list of the rules with a ttl: the modes of the file and of the folder that it is in. */
export interface ListModes {
  readonly file: number;
  readonly folder: number;
}

const OTHERS_MAY_ENTER = 0o011;
const OTHERS_MAY_READ = 0o044;

/** The list names what is denied, as `deny.db` does, which is closed to others (docs/agent-contract.md §5.3). */
export const isReadable = ({ file, folder }: ListModes): boolean =>
  (folder & OTHERS_MAY_ENTER) !== 0 && (file & OTHERS_MAY_READ) !== 0;
