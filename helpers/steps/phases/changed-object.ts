import { hash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bpfObjects } from '../../agent/bpf-objects.ts';
import { type Candidate, howItEnded, outputText, runCommand } from '../../agent/command.ts';
import { parseHealth } from '../../agent/contract/health.ts';
import { StartingDaemon, type StoppedDaemon } from '../../agent/daemon.ts';
import { daemonOptions } from '../../agent/daemon-options.ts';
import { ownDirectory, ownInput } from '../../changes/own-file.ts';
import {
  fail,
  inconclusive,
  type Judgement,
  JudgementError,
  NotApplicable,
  noEvidence,
  pass,
} from '../../criteria/judgement.ts';
import { isFile } from '../../files/regular-file.ts';
import type { CanaryRun } from '../canary-run.ts';
import { mustHave } from '../drill/usage.ts';
import { loadedObject, toldObject } from '../loaded-object.ts';
import { HEALTH_BEFORE } from '../preflight.ts';

/** A BPF object with what stands beside it. */
interface Copy {
  readonly name: string;
  readonly object: Buffer;
  /** The content of its hash file; undefined for none. */
  readonly sha256: string | undefined;
}

/** Copies of the candidate's object; only the first one may be loaded. */
function copiesOf(object: Buffer): readonly [Copy, ...Copy[]] {
  const sha256 = hash('sha256', object);
  // Behind the end of an ELF file nobody looks: should the agent take it, the kernel gets the same programs.
  const changed = Buffer.concat([object, Buffer.from('changed by the staging canary\n')]);
  return [
    { name: 'unchanged', object, sha256 },
    { name: 'changed', object: changed, sha256 },
    { name: 'wrong hash', object, sha256: hash('sha256', changed) },
    { name: 'no hash', object, sha256: undefined },
  ];
}

/** What an enforcing start on a copy came to. */
interface Start {
  readonly name: string;
  readonly outcome: 'started' | 'refused' | 'ended as in order' | 'killed' | 'went on';
  /** The outcome in words. */
  readonly words: string;
}

/** The candidate, told to load a copy. */
function candidateOn(run: CanaryRun, directory: string, copy: Copy): Candidate {
  const { name, object, sha256 } = copy;
  const folder = join(directory, name.replaceAll(' ', '-'));
  mkdirSync(folder);
  const path = ownInput(folder, 'aegis.bpf.o', object);
  const hashPath = join(folder, 'aegis.bpf.sha256');
  if (sha256 !== undefined) ownInput(folder, 'aegis.bpf.sha256', `${sha256}\n`);
  const environment = {
    ...run.candidate.environment,
    AEGIS_BPF_OBJ: path,
    // Both places where the agent looks before the folder of the object (docs/agent-contract.md §1.3).
    AEGIS_BPF_OBJ_HASH_PATH: hashPath,
    AEGIS_BPF_OBJ_HASH_INSTALL_PATH: hashPath,
  };
  return { ...run.candidate, environment };
}

/** An enforcing start on this copy: it becomes ready, ends by itself, or neither. */
async function startOn(run: CanaryRun, candidate: Candidate, { name }: Copy): Promise<Start> {
  const options = await daemonOptions(run.settings, {
    name: `coverage/object-${name.replaceAll(' ', '-')}`,
    mode: 'enforce',
    enforceSignal: 'none',
  });
  const starting = new StartingDaemon(candidate, options, run.directory);
  try {
    await starting.ready();
  } catch (error) {
    // Whatever is wrong with the start: here it counts that it was one.
    if (!(error instanceof JudgementError)) throw error;
  } finally {
    await starting.stop();
  }
  const stopped = await starting.stop();
  return { name, ...outcomeOf(stopped, run.settings.READY_TIMEOUT_SECONDS) };
}

function outcomeOf({ exit, log }: StoppedDaemon, seconds: number): Omit<Start, 'name'> {
  const { exitCode, signal, stopMs } = exit;
  const last = outputText(log.lastWords);
  if (log.starts > 0) return { outcome: 'started', words: 'started' };
  if (stopMs !== undefined)
    return {
      outcome: 'went on',
      words: `neither became ready nor ended within ${seconds} s (READY_TIMEOUT_SECONDS); its last words: ${last}`,
    };
  if (signal !== undefined)
    return { outcome: 'killed', words: `was ended by ${signal}; its last words: ${last}` };
  return exitCode === 0
    ? { outcome: 'ended as in order', words: `exited with 0 without a start (${last})` }
    : { outcome: 'refused', words: last };
}

/**
 * The candidate's object as a file: the one it told to load, else one that its own search could find.
 * @throws NotApplicable where it told that it has none; JudgementError where nobody knows.
 */
async function objectToCopy({ directory, settings, provided }: CanaryRun): Promise<string> {
  const [found] = await bpfObjects(settings);
  const loaded = loadedObject(directory, settings, provided.rehearsal.length > 0);
  const path = [loaded, found?.path].find((one) => one !== undefined && isFile(one));
  if (path !== undefined) return path;
  const told = toldObject(directory);
  if (told === '')
    throw new NotApplicable('the agent reports that it loads no BPF object from a file');
  throw noEvidence(
    `${told === undefined ? 'the agent did not name its BPF object, and none was found' : `the agent named ${told} as its BPF object, and that is no file here`}, so there is nothing to change; name it with AEGIS_BPF_OBJ and run again`,
    { source: HEALTH_BEFORE },
  );
}

/** What the kernel is given is what was hashed: an object that differs, or whose hash nobody knows, is refused. */
export async function changedObjectIsRefused(run: CanaryRun): Promise<Judgement> {
  await mustHave({ run }, '--allow-unsigned-bpf');
  const path = await objectToCopy(run);
  const directory = ownDirectory(run.settings.PROBE_DIR, await run.journal());
  const [unchanged, ...others] = copiesOf(readFileSync(path));
  const on = (copy: Copy) => candidateOn(run, directory, copy);
  const onUnchanged = on(unchanged);
  const control = await startOn(run, onUnchanged, unchanged);
  const source = 'coverage/object-unchanged/agent.stderr.log';
  if (control.outcome !== 'started')
    return inconclusive(
      `an unchanged copy of ${path} beside its right hash did not start either (${control.words}), so a refusal would prove nothing`,
      { source },
    );
  const healthy = await healthOn(onUnchanged, unchanged);
  const starts: Start[] = [];
  const blind: string[] = [];
  for (const copy of others) {
    const candidate = on(copy);
    starts.push(await startOn(run, candidate, copy));
    if ((await healthOn(candidate, copy)).isGood) blind.push(copy.name);
  }
  const started = judgeStarts(starts);
  return started.verdict === 'pass' ? judgeHealth(healthy, blind, started) : started;
}

interface HealthOn {
  readonly isGood: boolean;
  /** How it ended. */
  readonly words: string;
}

/** Whether health calls the copy good. Of one without a hash it may say ok, where it names that (docs/agent-contract.md §2.1). */
async function healthOn(candidate: Candidate, { sha256 }: Copy): Promise<HealthOn> {
  const result = await runCommand(candidate, 'health', '--json');
  const parsed = parseHealth(result.stdout);
  const health = parsed.ok ? parsed.value : undefined;
  const isOk = result.exitCode === 0 || health?.ok === true;
  const isNamed = sha256 === undefined && health?.degradation_reason !== undefined;
  return { isGood: isOk && !isNamed, words: howItEnded(result) };
}

/**
 * @param unchanged what health says of an unchanged copy.
 * @param blind copies that it calls good, though an enforcing start must refuse them.
 * @param refused what came of the starts.
 */
export function judgeHealth(
  unchanged: HealthOn,
  blind: readonly string[],
  refused: Judgement,
): Judgement {
  const source = 'aegisbpf health --json';
  const measured = { value: blind.length, limit: 0, unit: 'objects called good', source };
  if (blind.length > 0)
    return fail(
      `health says ok of a BPF object that an enforcing start must refuse, so nobody sees it before the next start: ${blind.join(', ')}`,
      measured,
    );
  return unchanged.isGood
    ? { ...refused, explanation: `${refused.explanation}, and health tells them apart` }
    : inconclusive(
        `health does not say ok of an unchanged copy beside its right hash either (${unchanged.words}), so what it says of the others proves nothing`,
        { source },
      );
}

const named = (starts: readonly Start[]) =>
  starts.map(({ name, words }) => `${name} (${words})`).join('; ');

/** @param starts on objects that must be refused, while an unchanged copy started. */
export function judgeStarts(starts: readonly Start[]): Judgement {
  const ofOutcome = (...outcomes: readonly Start['outcome'][]) =>
    starts.filter(({ outcome }) => outcomes.includes(outcome));
  const taken = ofOutcome('started');
  const inOrder = ofOutcome('ended as in order');
  const unknown = ofOutcome('went on', 'killed');
  const source = 'coverage/object-*/agent.stderr.log';
  const measured = { value: taken.length, limit: 0, unit: 'objects taken', source };
  if (taken.length > 0)
    return fail(
      `an enforcing start accepted a BPF object that it should refuse: ${named(taken)}`,
      measured,
    );
  if (inOrder.length > 0)
    return fail(
      `an enforcing start on a BPF object that it should refuse ended with exit code 0, so whoever starts it sees no refusal: ${named(inOrder)}`,
      { value: 0, limit: 'not 0', unit: 'exit code', source },
    );
  if (unknown.length > 0)
    return inconclusive(
      `nobody knows whether these BPF objects are refused: ${named(unknown)}; look at its log, and run again`,
      measured,
    );
  return pass(`refused: ${named(starts)}; an unchanged copy starts`, measured);
}
