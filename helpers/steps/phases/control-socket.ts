import { existsSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../agent/command.ts';
import { parseVersion } from '../../agent/contract/version.ts';
import { controlRequest } from '../../agent/control-request.ts';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import { agentPaths } from '../../changes/agent-state.ts';
import {
  type Asked,
  type ControlledRules,
  type HeldDescriptors,
  isReadable,
  judgeControlledRules,
  judgeForGood,
  judgeMoved,
  type ListModes,
  leakedDescriptors,
  lostForGood,
  notDone,
  outlivesItsFile,
} from '../../coverage/control-socket.ts';
import type { Attempt } from '../../coverage/policy-sample.ts';
import { tryRules } from '../../coverage/try-rules.ts';
import {
  fail,
  type Judgement,
  JudgementError,
  NotApplicable,
  noEvidence,
  together,
} from '../../criteria/judgement.ts';
import { pause } from '../../criteria/step-signal.ts';
import { processResources } from '../../host/processes.ts';
import type { CanaryRun } from '../canary-run.ts';
import { journalPolicy, removePolicy } from './candidate-policy.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { whileEnforcing } from './enforcing-start.ts';
import { harmsNobody, IMPATIENT } from './harmless-clients.ts';
import { judgeDefect } from './known-defects.ts';

const NAME = 'coverage/control-socket';
const SOURCE = `${NAME}/requests.json`;
/** sockaddr_un has 108 bytes, and ends with a null (unix(7)). */
const MAX_PATH_BYTES = 107;
/** It is opened just after `Agent started`. */
const OPEN_MS = 10_000;
const BETWEEN_MS = 250;
/** The agent waits for the words of each client for 5 s (docs/agent-contract.md §5.6). */
const CLIENTS_MS = 10_000;
/** A descriptor may be closed a little behind the answer. */
const CLOSED_MS = 2000;
/** Nothing listens there, and nothing needs to. */
const ANY_PORT = 9;
/** The agent looks for rules whose time is over every 5 s; one that takes the time for less ends them then. */
const LOOKS_SECONDS = 5;
const LEAST_TTL_SECONDS = LOOKS_SECONDS + 4;

/** A rule by the socket, and what it denies. */
interface Controlled {
  readonly verb: string;
  readonly subject: string;
  readonly attempt: Attempt;
}

/** What was seen in the first life of the agent, which left a rule with a ttl behind. */
interface FirstLife {
  readonly seen: Omit<ControlledRules, 'restarted'>;
  /** While rules with a ttl were in it; undefined where there was none. */
  readonly list: ListModes | undefined;
  readonly overRestart: (again: ReadyDaemon) => Promise<NonNullable<ControlledRules['restarted']>>;
}

/**
 * Others than people make rules, too: what responds to an alert asks on the agent's control socket, often for a rule that is to end by
 * itself (docs/agent-contract.md §5.6). It is in force when it is answered, and gone when its time is over,
 * also where the agent was started anew meanwhile.
 */
export async function controlSocketActs(
  run: CanaryRun,
  subjects: CoverageSubjects,
): Promise<Judgement> {
  const { candidate, settings } = run;
  mustNotEndOthers(settings.HOST_ROOT);
  const told = parseVersion((await runCommand(candidate, 'version')).stdout);
  if (!told.ok) throw noEvidence(`nobody knows whether it has a control socket: ${told.error}`);
  if (!/^v?(0\.[1-9]\d|[1-9])/.test(told.value.version))
    throw new NotApplicable('versions before 0.10 have no control socket');
  if (settings.AGENT_OPTIONS?.includes('--landlock') === true)
    throw new NotApplicable('with --landlock the agent may make no socket in a directory of ours');
  const socket = join(subjects.made.site.directory, 'control.socket');
  if (Buffer.byteLength(socket) > MAX_PATH_BYTES)
    throw new NotApplicable(`${socket} is too long for the path of a socket; set a PROBE_DIR`);
  const environment = { ...candidate.environment, AEGIS_API_SOCKET: socket };
  // Also undoes rules that come otherwise.
  const applied = await journalPolicy(run, subjects.hostPaths);
  const life = <T>(name: string, use: (ready: ReadyDaemon) => Promise<T>) =>
    whileEnforcing(run, { ...candidate, environment }, { name }, use);
  try {
    const first = await life(NAME, (ready) => actsOn(socket, run, subjects, ready));
    if ('verdict' in first) return first;
    const restarted = await life(`${NAME}-again`, (ready) => first.overRestart(ready));
    const seen: ControlledRules = { ...first.seen, restarted };
    run.directory.writeJson(SOURCE, { ...seen, list: first.list });
    return judgeSeen(run, seen, first.list);
  } finally {
    await removePolicy(run, applied);
  }
}

/** What the list of the rules tells others, and what becomes of a renamed file, are told where the rules themselves act. */
function judgeSeen(
  { settings }: CanaryRun,
  seen: ControlledRules,
  list: ListModes | undefined,
): Judgement {
  const judged = judgeControlledRules(seen, SOURCE);
  const detail = outlivesItsFile(seen);
  const moved =
    detail === undefined
      ? judgeMoved(seen, SOURCE)
      : judgeDefect(
          settings,
          'ttl-outlives-its-file',
          {
            ...{ title: 'a rule for a while outlives the name of its file', severity: 'high' },
            ...{ reference: 'docs/agent-contract.md §5.6', detail },
          },
          { value: 'EPERM', limit: 'let through', source: SOURCE },
        );
  const leak = leakedDescriptors(seen);
  const leaks =
    leak === undefined
      ? []
      : [
          judgeDefect(
            settings,
            'control-socket-leaks',
            {
              ...{ title: 'requests on the control socket leave descriptors open' },
              ...{ severity: 'high', reference: 'docs/agent-contract.md §5.6', detail: leak },
            },
            { value: 'more', limit: 'none', unit: 'descriptors', source: SOURCE },
          ),
        ];
  const lost = lostForGood(seen);
  const forGood =
    lost === undefined
      ? judgeForGood(seen, SOURCE)
      : judgeDefect(
          settings,
          'ttl-takes-permanent-rule',
          {
            ...{ title: 'a rule for a while takes the one for good away', severity: 'high' },
            ...{ reference: 'docs/agent-contract.md §5.6', detail: lost },
          },
          { value: 'let through', limit: 'EPERM', source: SOURCE },
        );
  const mode = list?.file.toString(8).padStart(4, '0') ?? '';
  const readable =
    list === undefined || !isReadable(list)
      ? []
      : [
          judgeDefect(
            settings,
            'ttl-list-readable',
            {
              ...{ title: 'others may read which rules end by themselves', severity: 'low' },
              reference: 'docs/agent-contract.md §5.6',
              detail: `${listOf(settings.HOST_ROOT)} has mode ${mode}, and others may enter its folder: it names what is denied, as deny.db does, which has mode 0600`,
            },
            { value: mode, limit: '0600', unit: 'mode', source: SOURCE },
          ),
        ];
  return judged.verdict === 'pass'
    ? together([moved, forGood, ...leaks, ...readable, judged])
    : judged;
}

/** Where the agent keeps the rules that end by themselves. */
const listOf = (hostRoot: string) => join(agentPaths(hostRoot).dataDirectory, 'deny_ttl.db');

function modesOf(list: string): ListModes | undefined {
  const [file, folder] = [list, join(list, '..')].map((path) =>
    statSync(path, { throwIfNoEntry: false }),
  );
  return file && folder && { file: file.mode & 0o7777, folder: folder.mode & 0o7777 };
}

/** An agent with a control socket ends the host's own rules whose time is over. */
function mustNotEndOthers(hostRoot: string): void {
  const list = listOf(hostRoot);
  if (existsSync(list) && statSync(list).size > 0)
    throw new NotApplicable(
      `${list} has rules that end by themselves, which an agent with a control socket would end`,
    );
}

async function actsOn(
  socket: string,
  run: CanaryRun,
  { made }: CoverageSubjects,
  ready: ReadyDaemon,
): Promise<Judgement | FirstLife> {
  const patienceMs = run.candidate.timeoutSeconds * 1000;
  const asked: Asked[] = [];
  const ask = async (request: string) => {
    const one = { request, answer: await controlRequest(socket, request, patienceMs) };
    asked.push(one);
    return one;
  };
  const isOpen = await opens(socket);
  if (typeof isOpen === 'string') return fail(isOpen, { source: `${NAME}/agent.stderr.log` });
  if ((statSync(socket).mode & 0o077) !== 0)
    return fail(`${socket} is open to others: who may write to it makes and removes rules`, {
      ...{ value: (statSync(socket).mode & 0o777).toString(8), limit: '600', unit: 'mode' },
      source: socket,
    });
  const atFirst = descriptorsOf(ready);
  const clients = await harmsNobody(ready, {
    ...{ target: { path: socket }, source: socket, request: 'GET /health\n' },
    isAnswered: async () => (await controlRequest(socket, 'GET /health', CLIENTS_MS)).ok,
    ...{ patienceMs: CLIENTS_MS, name: 'control socket', answered: 'GET /health was answered' },
    whenHeld: 'whoever responds to an alert makes no rule while a client says nothing',
    whenEnded: 'a client that takes too long ends enforcement',
  });
  // Thrown, for the agent may have ended by them.
  if (clients.verdict !== 'pass') throw new JudgementError(clients);
  const ofClients = await heldBehind(ready, IMPATIENT, atFirst);
  const [stays, ends] = made.denied;
  if (stays === undefined || ends === undefined) throw noEvidence('there is no file to deny');
  const file = ({ path }: { readonly path: string }): Controlled => ({
    ...{ verb: '/block/add', subject: path, attempt: { kind: 'file', path } },
  });
  const { address, range } = made.site.ipv4;
  const denial = (verb: string, subject: string, meets: string): Controlled => ({
    ...{ verb, subject },
    attempt: { kind: 'connect', protocol: 'udp', address: meets, port: ANY_PORT },
  });
  const networks = [
    denial('/network/deny/ip', address, address),
    denial('/network/deny/cidr', range.network, range.last),
  ];
  const words = ({ verb, subject }: Controlled, more = '') => `POST ${verb} ${subject}${more}`;
  const tried = async (rules: readonly Controlled[], { events } = ready) => {
    const attempts = rules.map(({ attempt }) => attempt);
    const { outcomes } = (await tryRules(attempts, run.candidate.environment, events)) ?? {};
    if (outcomes === undefined)
      throw noEvidence('the process that tries the rules reported nothing', { source: SOURCE });
    return outcomes;
  };
  const begun = performance.now();
  const first = await ask(words(file(stays)));
  const problem = notDone(first);
  if (problem !== undefined) return fail(problem, { source: `${NAME}/agent.stderr.log` });
  // As long as they are tried, with what each takes here.
  const commands = (count: number) => Math.ceil((count * (performance.now() - begun)) / 1000);
  const ttlSeconds = LEAST_TTL_SECONDS + commands(11);
  const restartTtlSeconds = LOOKS_SECONDS + commands(4);
  // Its report says so, and the criteria of the network's routes say it again.
  const canConnect = ready.capabilities.hooks.lsm_socket_connect === true;
  const timed = canConnect ? [file(ends), ...networks] : [file(ends)];
  // None of those that nobody may touch (own-file.ts): one of them is renamed below.
  const newFile = (name: string) => {
    const path = join(made.site.directory, name);
    writeFileSync(path, '', { flag: 'wx' });
    return file({ path });
  };
  const moved = newFile('moved');
  const behindMove = file({ path: `${moved.subject}-away` });
  const forGood = ['', ` ttl=${ttlSeconds}`].map((first, at, both) => {
    const rule = newFile(`for-good-${at}`);
    return { rule, requests: [first, ...both.toSpliced(at, 1)].map((more) => words(rule, more)) };
  });
  // Before the others, so that an end of them comes before that of the others.
  for (const request of forGood.flatMap(({ requests }) => requests)) await ask(request);
  const seconds = sinceNow();
  // The first of them, so that its end comes before that of the others.
  for (const rule of [moved, ...timed]) await ask(words(rule, ` ttl=${ttlSeconds}`));
  const list = modesOf(listOf(run.settings.HOST_ROOT));
  const withTtl = (rule: Controlled) => ({ rule, requests: [words(rule, ` ttl=${ttlSeconds}`)] });
  const permanent = { rule: file(stays), requests: [words(file(stays))] };
  const all = [permanent, ...forGood, ...[moved, ...timed].map(withTtl)];
  const outcomes = await tried(all.map(({ rule }) => rule));
  renameSync(moved.subject, behindMove.subject);
  const removal = words({ ...file(stays), verb: '/block/del' });
  await ask(removal);
  const [behindRemoval = ''] = await tried([file(stays)]);
  await pause(Math.max(0, 1000 * (LOOKS_SECONDS + 1 - seconds())));
  const kept = await tried(timed);
  const keptSeconds = seconds();
  const deadline = 2 * (ttlSeconds + LOOKS_SECONDS);
  let left = await tried(timed);
  while (left.includes('EPERM') && seconds() < deadline) {
    await pause(Math.max(BETWEEN_MS, 1000 * (ttlSeconds - seconds())));
    left = await tried(timed);
  }
  let [ofMoved = ''] = await tried([behindMove]);
  if (ofMoved === 'EPERM' && !left.includes('EPERM')) {
    await pause(1000 * (LOOKS_SECONDS + 1));
    [ofMoved = ''] = await tried([behindMove]);
  }
  const ofForGood = await tried(forGood.map(({ rule }) => rule));
  const told = (asked: readonly { requests: readonly string[] }[], outcomes: readonly string[]) =>
    asked.map(({ requests }, at) => [requests.join('`, then `'), outcomes[at] ?? ''] as const);
  const ofTimed = (outcomes: readonly string[]) => told(timed.map(withTtl), outcomes);
  const endedSeconds = seconds();
  const afterAll = sinceNow();
  const last = words(file(ends), ` ttl=${restartTtlSeconds}`);
  await ask(last);
  const [beforeRestart = ''] = await tried([file(ends)]);
  const seen = {
    ...{ asked, ttlSeconds, keptSeconds, endedSeconds },
    descriptors: [ofClients, await heldBehind(ready, asked.length, ofClients.after)],
    notTried: canConnect ? [] : networks.map((rule) => words(rule)),
    denied: told(all, outcomes),
    forGood: told(forGood, ofForGood),
    moved: [words(moved, ` ttl=${ttlSeconds}`), ofMoved],
    kept: ofTimed(kept),
    removed: [removal, behindRemoval],
    ended: ofTimed(left),
  } as const;
  const beforeSeconds = afterAll();
  return {
    ...{ seen, list },
    async overRestart(again) {
      let [afterwards = ''] = await tried([file(ends)], again);
      const onceReady = { outcome: afterwards, seconds: afterAll() };
      const until = onceReady.seconds + restartTtlSeconds + 2 * LOOKS_SECONDS;
      while (afterwards === 'EPERM' && afterAll() < until) {
        await pause(Math.max(BETWEEN_MS, 1000 * (restartTtlSeconds - afterAll())));
        [afterwards = ''] = await tried([file(ends)], again);
      }
      return {
        ...{ request: last, ttlSeconds: restartTtlSeconds, kept: onceReady },
        before: { outcome: beforeRestart, seconds: beforeSeconds },
        ended: { outcome: afterwards, seconds: afterAll() },
      };
    },
  };
}

/** @throws JudgementError (inconclusive) where they cannot be counted. */
function descriptorsOf({ identity: { pid } }: ReadyDaemon): number {
  const { fileDescriptors } = processResources(pid);
  if (fileDescriptors === undefined)
    throw noEvidence(
      `nobody knows whether requests on the control socket leave descriptors open: /proc/${pid}/fd cannot be read; run as root of the host's own user namespace`,
      { source: `/proc/${pid}/fd` },
    );
  return fileDescriptors;
}

/** @param before so many there were before these requests. */
async function heldBehind(
  ready: ReadyDaemon,
  requests: number,
  before: number,
): Promise<HeldDescriptors> {
  const end = performance.now() + CLOSED_MS;
  let after = descriptorsOf(ready);
  while (after - before >= requests && performance.now() < end) {
    await pause(BETWEEN_MS);
    after = descriptorsOf(ready);
  }
  return { requests, before, after };
}

/** @returns how long ago it was called, in s. */
function sinceNow(): () => number {
  const now = performance.now();
  return () => (performance.now() - now) / 1000;
}

/** @returns why it does not open. */
async function opens(socket: string): Promise<true | string> {
  const end = performance.now() + OPEN_MS;
  let why = '';
  while (performance.now() < end) {
    const answer = await controlRequest(socket, 'GET /health', OPEN_MS);
    if (answer.ok) return true;
    why = answer.reason;
    await pause(BETWEEN_MS);
  }
  return `the agent was started with AEGIS_API_SOCKET=${socket} and does not answer there within ${OPEN_MS / 1000} s: ${why}`;
}
