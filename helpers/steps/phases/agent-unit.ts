import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { agentEnvironment, type Candidate, howItEnded } from '../../agent/command.ts';
import { type Starter, StartingDaemon } from '../../agent/daemon.ts';
import { daemonOptions } from '../../agent/daemon-options.ts';
import { mustLive } from '../../agent/lives.ts';
import { agentPaths, removePins } from '../../changes/agent-state.ts';
import { BoundFolders } from '../../changes/bound-folders.ts';
import type { Journal } from '../../changes/journal.ts';
import { recorded } from '../../changes/own-file.ts';
import { pipedUnit, systemdOf } from '../../changes/transient-unit.ts';
import { unitLimits } from '../../changes/unit-file.ts';
import type { JudgedLine } from '../../coverage/judge-lines.ts';
import { few, hiddenUnder, judgeUnderUnit, strandedUnder } from '../../coverage/under-unit.ts';
import {
  failed,
  type Judgement,
  JudgementError,
  NotApplicable,
  noEvidence,
  together,
} from '../../criteria/judgement.ts';
import { hostPath, systemTool } from '../../host/observations.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { CoverageMode } from './coverage-phase.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { judgeDefect } from './known-defects.ts';
import { unitOfProduction } from './production-unit.ts';
import { rulesAgain, tableAgain } from './table-again.ts';

const NAME = 'coverage/unit';
const LOG = `${NAME}/agent.stderr.log`;
const LIMITS = `${NAME}/limits.txt`;
const ROUTES = `${NAME}/routes.json`;
/** Variables of the agent that name a file (docs/agent-contract.md §7). */
const NAMED_FILES: readonly string[] = ['AEGIS_BPF_OBJ', 'AEGIS_BPF_OBJ_HASH_PATH'];

/** Starts the agent from within the unit, for systemd-run(1) looks for a program where it runs itself. */
const ENV = '/usr/bin/env';

/** An exit code by which systemd (systemd.exec(5)), env(1) or stdbuf(1) says that it could not start the program. */
const isOfStarter = (code: unknown) =>
  typeof code === 'number' && ((code >= 200 && code <= 245) || (code >= 125 && code <= 127));

type Unit = ReturnType<typeof pipedUnit>;

/**
 * Production's agent is started by systemd, which withholds from it what its unit does not grant: capabilities, folders, system
 * calls. A candidate that needs more than that does all that it should when we start it, as root. So the table is taken once more
 * with the candidate in a transient unit that has the same limits.
 */
export async function unitLimitsChangeNothing(
  run: CanaryRun,
  subjects: CoverageSubjects,
  enforce: Pick<CoverageMode, 'judged'>,
): Promise<Judgement> {
  const { settings, candidate, directory, provided } = run;
  const systemd = systemdOf(settings.HOST_ROOT);
  if (typeof systemd === 'string')
    throw new NotApplicable(`${systemd}, so no unit of the agent was tried`);
  const { unit, text } = await unitOfProduction(settings);
  const free = await enforce.judged();
  const journal = await run.journal();
  const { properties, directories } = unitLimits(text);
  // Another file, or a unit without any: the table would be taken as before, and pass.
  if (properties.length === 0)
    throw noEvidence(
      `${unit} has no setting below [Service] that limits anything, so nothing was tried; name the unit file that starts the agent in production with AGENT_UNIT`,
      { source: 'AGENT_UNIT' },
    );
  const named = NAMED_FILES.flatMap((name) => candidate.environment[name] ?? []);
  const made = directories.flatMap((path) => ownDirectories(path, settings.HOST_ROOT, journal));
  const bound = new BoundFolders([candidate.executable, ...named], journal);
  try {
    // The rules name files in there, and a unit may have a /var/tmp of its own.
    const site = `BindReadOnlyPaths=${subjects.made.site.directory}`;
    const limits = [...properties, ...bound.properties, site];
    directory.directory(NAME);
    directory.writeText(LIMITS, `${limits.join('\n')}\n`);
    const transient = (suffix: string) =>
      pipedUnit(systemd, `aegisbpf-canary-${provided.runId}-${suffix}.service`, limits, journal);
    await mustRead(transient('control'), subjects.policyFile, candidate);
    const apply = () => applyUnder(transient('rules'), subjects.policyFile, candidate, bound);
    const defects = await mustApply(run, subjects, apply, unit);
    const agent = transient('agent');
    const starter = { ...agent, command: asService(agent, candidate, bound) };
    const limited = await tableUnder(run, subjects, agent, starter);
    const lines = limited.map(({ taken, ...line }) => ({ ...taken.line, ...line }));
    const hidden = hiddenUnder(limited, free);
    directory.writeJson(ROUTES, { unit, hidden, lines });
    if (hidden !== undefined) defects.push(hiddenBy(run, hidden, unit));
    const stranded = strandedUnder(limited, free);
    const others = limited.filter((line) => !stranded.includes(line));
    if (stranded.length > 0) defects.push(strandedBy(run, stranded, unit));
    const judged = [judgeUnderUnit(others, free, unit, ROUTES), ...defects] as const;
    return together(judged);
  } catch (error) {
    throw underUnit(error, unit);
  } finally {
    for (const path of [...made, bound.place].toReversed())
      rmSync(path, { recursive: true, force: true });
  }
}

/**
 * Takes the agent's pins away, as a boot does. The survival list is in them and only grows: starts without these limits have
 * filled it. Not where the host had pins before the run.
 */
function forgetPins(run: CanaryRun): 'forgotten' | 'of the host' {
  const { pinDirectory } = agentPaths(run.settings.HOST_ROOT);
  if (!run.startedWithoutPins()) return 'of the host';
  const problem = removePins(pinDirectory);
  if (problem !== undefined) throw noEvidence(problem, { source: pinDirectory });
  return 'forgotten';
}

/** @param words of the apply that failed on a host without pins. */
function bootedBy(run: CanaryRun, words: string, unit: string): Judgement {
  return judgeDefect(
    run.settings,
    'unit-makes-no-pins',
    {
      ...{ title: 'the service cannot make its pins', severity: 'critical' },
      reference: 'docs/agent-contract.md §5.3',
      detail: `under the limits of ${unit} and without pins of the agent, as after each boot, ${words}; it exits with 0 where a start without these limits has made the pins before, so the unit's ExecStartPre fails on a host that has just booted, and no agent is there (ProtectKernelTunables= makes /sys/fs/bpf read-only, whatever ReadWritePaths= has)`,
    },
    { value: 'none', limit: 'pins', source: LIMITS },
  );
}

/** @param stranded routes of a running program of the survival list that are denied there. */
function strandedBy(run: CanaryRun, stranded: readonly JudgedLine[], unit: string): Judgement {
  return judgeDefect(
    run.settings,
    'survival-list-under-unit',
    {
      ...{ title: 'the survival list is not filled in production', severity: 'high' },
      reference: 'docs/agent-contract.md §6.2',
      detail: `started under the limits of ${unit} the agent denies a program of the survival list that has run since before its start, and without them it does not: ${few(stranded)}; so a rule that meets sshd or a shell by mistake locks people out of a production host`,
    },
    { value: stranded.length, limit: 0, unit: 'routes denied', source: ROUTES },
  );
}

/** @param hidden fields that event lines lack there, in words. */
function hiddenBy(run: CanaryRun, hidden: string, unit: string): Judgement {
  return judgeDefect(
    run.settings,
    'unit-hides-fields',
    {
      ...{ title: 'event lines tell less in production', severity: 'medium' },
      reference: 'docs/agent-contract.md §4.1, §5.8',
      detail: `started under the limits of ${unit} the agent leaves out of event lines what it tells without them: ${hidden}; who reads the lines of a production host looks for it in vain`,
    },
    { value: hidden, limit: 'none', source: ROUTES },
  );
}

/** Makes a directory that systemd would make for the service, and what is missing above it. @returns those that were made. */
function ownDirectories(path: string, hostRoot: string, journal: Journal): readonly string[] {
  const place = hostPath(hostRoot, path);
  if (existsSync(place)) return [];
  const above = ownDirectories(dirname(path), hostRoot, journal);
  mkdirSync(place, { mode: 0o755 });
  return [...above, recorded('directory', place, journal)];
}

/** Runs a command as that unit. @param asked what it is, for a message. @returns how it ended, with its words; undefined where it did with exit code 0. */
async function endUnder(
  unit: Unit,
  asked: readonly string[],
  command: readonly string[],
  { timeoutSeconds }: Candidate,
): Promise<{ readonly exitCode: number | undefined; readonly words: string } | undefined> {
  const [program = '', ...args] = command;
  const { text, notStarted, ...ended } = await systemTool(program, args, timeoutSeconds * 1000);
  await unit.stop();
  if (ended.exitCode === 0) return undefined;
  const stderr = notStarted?.message ?? ended.stderr;
  const words = howItEnded({ ...ended, stderr, stdout: text, command: asked.join(' ') });
  return { exitCode: ended.exitCode, words };
}

/** Our policy can be read under these limits. @throws JudgementError (inconclusive) where it cannot, or nothing can be run. */
async function mustRead(control: Unit, policy: string, candidate: Candidate): Promise<void> {
  const test = ['/usr/bin/test', '-r', policy];
  const problem = await endUnder(control, test, [...control.before({}), ...test], candidate);
  if (problem === undefined) return;
  throw noEvidence(
    `nothing can be tried, for ${problem.words}; ${LIMITS} has what was asked of systemd, whose journal may say more`,
    { source: LIMITS },
  );
}

/** The candidate makes the rules under these limits. @returns how it ended where it did not; undefined where it did. */
function applyUnder(rules: Unit, policy: string, candidate: Candidate, bound: BoundFolders) {
  const apply = ['policy', 'apply', policy, '--reset'];
  const command = asService(rules, candidate, bound);
  return endUnder(
    rules,
    ['aegisbpf', ...apply],
    command([ENV, candidate.executable, ...apply], agentEnvironment(candidate)),
    candidate,
  );
}

/**
 * The rules are made under the limits, as the unit's ExecStartPre does before each start: first as after a boot, and where that
 * fails, once more with pins that a start without limits made.
 * @returns the defect that only the first failed. @throws JudgementError where the second does too.
 */
async function mustApply(
  run: CanaryRun,
  subjects: CoverageSubjects,
  apply: () => ReturnType<typeof applyUnder>,
  unit: string,
): Promise<Judgement[]> {
  const pins = forgetPins(run);
  const first = await apply();
  if (first === undefined) return [];
  if (pins === 'forgotten') await rulesAgain(run, subjects);
  const second = pins === 'forgotten' ? await apply() : first;
  if (second === undefined) return [bootedBy(run, first.words, unit)];
  throw failed(`${second.words}; the unit that ships with the agent does so before each start`, {
    value: second.exitCode ?? 'no exit code',
    source: LIMITS,
  });
}

/** A command of the agent as that unit runs it: the agent sees its files where they are bound. */
const asService =
  (unit: Unit, { executable }: Candidate, bound: BoundFolders): Starter['command'] =>
  (words, environment) => {
    const variables = Object.entries(environment).map(([name, value]) => [
      name,
      NAMED_FILES.includes(name) ? bound.path(value) : value,
    ]);
    const inside = words.map((word) => (word === executable ? bound.path(word) : word));
    return [...unit.before(Object.fromEntries(variables)), ...inside];
  };

/** The table with the agent of that unit. */
async function tableUnder(
  run: CanaryRun,
  subjects: CoverageSubjects,
  unit: Unit,
  starter: Starter,
): Promise<readonly JudgedLine[]> {
  const options = await daemonOptions(run.settings, {
    ...{ name: NAME, mode: 'enforce', enforceSignal: 'none' },
  });
  const starting = new StartingDaemon(run.candidate, options, run.directory, starter);
  try {
    const ready = await starting.ready();
    mustLive('coverage', ready);
    return await tableAgain(subjects, subjects.promises, ready);
  } finally {
    await starting.stop('SIGTERM');
    const problem = await unit.stop();
    if (problem !== undefined) run.directory.log(problem);
  }
}

/** What the agent came to, with the words that it did so under these limits. */
function underUnit(error: unknown, unit: string): unknown {
  if (!(error instanceof JudgementError)) return error;
  const { value, explanation } = error.judgement;
  const under = `under the limits of ${unit}`;
  return isOfStarter(value)
    ? noEvidence(
        `${under} the candidate could not be started: exit code ${value} of systemd (systemd.exec(5) lists them) or of env(1); the journal of systemd says why: ${explanation}`,
        { value: String(value), source: LOG },
      )
    : new JudgementError({ ...error.judgement, explanation: `${under}: ${explanation}` });
}
