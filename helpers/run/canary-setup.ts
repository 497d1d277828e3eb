import { createHash, type KeyObject } from 'node:crypto';
import { cpus, hostname, totalmem } from 'node:os';
import type { ProvidedContext } from 'vitest';
import type { TestProject } from 'vitest/node';
import { z } from 'zod';
import { bpfObjects } from '../agent/bpf-objects.ts';
import { candidateOf, judgeCandidateFile } from '../agent/candidate.ts';
import { runCommand } from '../agent/command.ts';
import { parseVersion, type Version } from '../agent/contract/version.ts';
import { type Guardian, GuardianError, startGuardian } from '../changes/guardian-process.ts';
import { JOURNAL_PATH } from '../changes/journal.ts';
import type { UndoReport } from '../changes/undo.ts';
import { entryOf } from '../criteria/catalogue.ts';
import { fail } from '../criteria/judgement.ts';
import { recordReportProblem, verdictChanged } from '../evidence/report-problems.ts';
import { placeOf, RunDirectory } from '../evidence/run-directory.ts';
import type { RunRecord } from '../evidence/run-record.ts';
import { type Seal, sealRun } from '../evidence/seal.ts';
import { summarise } from '../evidence/summary.ts';
import { recordOfVitest } from '../evidence/vitest-record.ts';
import { giveToCaller } from '../files/give-to-caller.ts';
import { sha256OfFile } from '../files/sha256.ts';
import { newestMessage } from '../host/kernel-log.ts';
import { distribution, hostPath, kernelRelease } from '../host/observations.ts';
import { readProfileSettings } from '../host/profile.ts';
import { finishedRun, judgedAgain, keepSignature, sameCandidate } from '../rejudge/finished-run.ts';
import { copyToJudge, putInPlace } from '../rejudge/in-place.ts';
import { type Part, putTogether, refuseApart } from '../rejudge/runs-together.ts';
import { CannotBegin } from '../settings/cannot-begin.ts';
import { askedPhases, knobsOf, type Settings } from '../settings/settings.ts';
import { signingKey } from '../settings/signing-key.ts';
import type { ProvidedRun } from '../steps/canary-run.ts';
import { ownCommand } from '../text/own-command.ts';
import { RunPlace } from './run-place.ts';
import { ownSpecs, ownWorkloads, suiteOfRun } from './suite.ts';

/** What the candidate says it is; undefined when there is none, or it cannot be understood. */
async function candidateVersion(settings: Settings, runId: string): Promise<Version | undefined> {
  // What anybody could have written is never run, not even to ask for its version.
  if (judgeCandidateFile(settings.AEGIS_BIN).verdict !== 'pass') return undefined;
  const answer = await runCommand(candidateOf(settings, runId), 'version');
  const parsed = parseVersion(answer.stdout);
  return parsed.ok ? parsed.value : undefined;
}

/** Why this run is a rehearsal; it is stamped on every artefact. */
function rehearsalReasons(settings: Settings, version: Version | undefined): string[] {
  return [
    ...(version?.standIn === true ? ['the candidate is the stand-in agent'] : []),
    ...(settings.HOST_ROOT === '/' ? [] : [`simulated host at ${settings.HOST_ROOT}`]),
    ...(settings.STAND_IN_FAULTS === ''
      ? []
      : [`faults are switched on: ${settings.STAND_IN_FAULTS}`]),
    ...(settings.STAND_IN_PREVIOUS_FAULTS === undefined
      ? []
      : [`faults of the previous version: ${settings.STAND_IN_PREVIOUS_FAULTS}`]),
  ];
}

/** The verdict of a run that is judged again is worth what this suite is, whichever took its steps. */
function nameJudge(path: string): void {
  const directory = new RunDirectory(path);
  const run = directory.readJson('run.json', z.looseObject({}));
  directory.writeJson('run.json', { ...run, judgedAgainBy: suiteOfRun() });
}

/** Opens finished runs to judge their exit criteria again: one on a copy, several put together. */
async function judgeAgain(
  settings: Settings,
  paths: readonly string[],
  target: string,
): Promise<ProvidedRun> {
  const parts: Part[] = [];
  for (const path of paths) parts.push({ path, run: await finishedRun(path) });
  refuseApart(parts);
  const named = process.env.AEGIS_BIN;
  for (const { run } of parts) await sameCandidate(run, named === '' ? undefined : named);
  const [only] = parts;
  if (only === undefined || parts.length > 1) {
    const run = putTogether(new RunPlace(target).directory, parts);
    nameJudge(target);
    return judgedAgain(run, target);
  }
  keepSignature(only.path, settings.SIGNING_KEY !== undefined, settings.ALLOW_UNSIGNED);
  new RunPlace(target, `CANARY_RUN=${only.path}: no copy to judge can be made beside it`);
  copyToJudge(only.path, target);
  nameJudge(target);
  return judgedAgain(only.run, target);
}

/** What the guardian could not undo is part of the verdict, not of the terminal alone. */
function recordNotUndone(path: string, problems: readonly string[]): void {
  const directory = new RunDirectory(path);
  const { id, section, title } = entryOf('exit.host-as-found');
  directory.record({
    id,
    section,
    title,
    durationMs: 0,
    at: new Date().toISOString(),
    ...fail(`the host is not as it was found: ${problems.join('; ')}`, {
      value: problems.length,
      limit: 0,
      unit: 'differences',
      source: 'guardian',
    }),
  });
  verdictChanged();
}

/** What broke outside of every criterion; reports that were written already are written anew. */
function recordError(path: string, message: string): void {
  recordOfVitest(path, { kind: 'error', message });
  verdictChanged();
}

/** Has the run undone by its guardian; by another one, as `npm run recover` does, where that was lost. */
async function undone(guardian: Guardian, path: string): Promise<UndoReport> {
  const report = await guardian.finish();
  if (report !== undefined) return report;
  try {
    const holder = { pid: process.pid, since: new Date().toISOString(), runDirectory: path };
    const another = await startGuardian(holder, 'recover');
    await another.finish();
    return another.recovered;
  } catch (error) {
    const why = (error as Error).message;
    recordError(
      path,
      `nobody looked for what this run has left (${why}); use \`${ownCommand('recover')}\``,
    );
    return { undone: [], problems: [] };
  }
}

/** vitest knows failed tests alone, and would end with 1 for missing evidence too; other codes are its own. */
function endWith(code: number): void {
  if (code === 0) return;
  process.exitCode ||= 1;
  process.once('exit', () => {
    if (process.exitCode === 1) process.exitCode = code;
  });
}

/**
 * Last of all, when every reporter has written: what is not sealed is no evidence, and no success. Here
 * and not in a reporter, so that no --reporter option can make an open verdict a success.
 */
async function seal(path: string, key: KeyObject | undefined): Promise<Seal | undefined> {
  try {
    const sealed = await sealRun(path, key);
    const { files, signedBy, exitCode } = sealed;
    endWith(exitCode);
    const by = signedBy
      ? `signed by key ${signedBy}`
      : 'unsigned; SIGNING_KEY names a key to sign with';
    process.stdout.write(` sealed        ${files} files, ${by}\n`);
    return sealed;
  } catch (error) {
    const why = (error as Error).message;
    process.stderr.write(`aegisbpf-canary: NOT SEALED: ${why}\n`);
    process.exitCode = 1;
    // The documents were written before, and must not say otherwise.
    recordReportProblem(path, `the seal: ${why}`);
    verdictChanged();
    const failed = summarise(path)?.status.endsWith('fail') === true;
    endWith(failed ? 1 : 3);
    return undefined;
  }
}

/** A copy that was judged and sealed takes its run's place; else the run stays as it was. */
async function sealInPlace(path: string, key: KeyObject | undefined): Promise<void> {
  const sealed = await seal(path, key);
  giveToCaller(path);
  if (sealed === undefined || placeOf(path) === path) return;
  try {
    putInPlace(path);
  } catch (error) {
    process.stderr.write(
      `aegisbpf-canary: NOT IN PLACE: ${placeOf(path)} is as it was: ${(error as Error).message}\n`,
    );
    process.exitCode = 1;
  }
}

/** Takes the host's lock and undoes what an earlier run left. */
async function hold({ directory }: RunPlace, since: string): Promise<Guardian> {
  const holder = { pid: process.pid, since, runDirectory: directory.path };
  const guardian = await startGuardian(holder, 'run').catch((error: unknown) => {
    throw error instanceof GuardianError ? new CannotBegin(error.message) : error;
  });
  const { recovered } = guardian;
  for (const text of [...recovered.undone, ...recovered.problems])
    directory.log(`recovered from an earlier run: ${text}`);
  if (recovered.problems.length > 0) {
    await guardian.finish();
    throw new CannotBegin(
      `an earlier run left something that could not be undone: ${recovered.problems.join('; ')}. Mend that and start again, or look at the host yourself and remove ${JOURNAL_PATH}`,
    );
  }
  return guardian;
}

const GIB = 2 ** 30;

/** Told where it can be read; nothing is judged by it. */
function distributionOf(hostRoot: string): string | undefined {
  const name = distribution(hostRoot);
  return name.known ? name.value : undefined;
}

/** What of the machine decides on how long things take. */
const machine = (): Record<string, string> => ({
  processors: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
  memory: `${Math.round(totalmem() / GIB)} GiB`,
});

function configurationOf({ configuration }: Settings): RunRecord['configuration'] {
  if (configuration === undefined) return undefined;
  const { path, text, profile } = configuration;
  return { path, sha256: createHash('sha256').update(text).digest('hex'), profile };
}

/** What a team has beside the runbook. */
type Own = Pick<ProvidedContext, 'specs' | 'besideSoak' | 'workloads'>;

/** Makes a run that holds the host: what its specs are told, and what ends it. */
async function begin(asked: Settings, path: string, own: Own) {
  const place = new RunPlace(path);
  try {
    return await beginIn(place, asked, own);
  } catch (error) {
    if (error instanceof CannotBegin) place.remove();
    throw error;
  }
}

async function beginIn(place: RunPlace, asked: Settings, { specs, besideSoak, workloads }: Own) {
  const { directory } = place;
  const runId = `${process.pid}-${Date.now()}`;
  const startedAt = new Date().toISOString();
  const settings = place.withCopies(asked);
  const guardian = await hold(place, startedAt);
  const newestKernelMessage = newestMessage(hostPath(settings.HOST_ROOT, 'dev/kmsg'));
  const version = await candidateVersion(settings, runId);
  const rehearsal = rehearsalReasons(settings, version);
  // The precondition on the binary says what is wrong with one that cannot be read.
  const sha256 = await sha256OfFile(settings.AEGIS_BIN).catch(() => undefined);
  const run: ProvidedRun = {
    runId,
    runDirectory: directory.path,
    rehearsal,
    rejudge: false,
    asked: askedPhases(settings),
    candidatePath: settings.AEGIS_BIN,
    candidateSha256: sha256,
    journal: guardian.journal,
    guardian: guardian.identity,
  };
  directory.writeJson('run.json', {
    ...run,
    candidateVersion: version?.version,
    bpfObjects: await bpfObjects(settings),
    startedAt,
    hostname: hostname(),
    kernel: kernelRelease(settings.HOST_ROOT),
    distribution: distributionOf(settings.HOST_ROOT),
    hostProfile: { ...(await readProfileSettings(settings.HOST_ROOT)), ...machine() },
    suite: suiteOfRun(),
    ownSpecs: await ownSpecs(specs, besideSoak),
    ownWorkloads: await ownWorkloads(workloads),
    newestKernelMessage,
    settings: knobsOf(asked),
    setBy: asked.setBy,
    configuration: configurationOf(asked),
  });
  directory.log(`begun${rehearsal.length > 0 ? ` as a REHEARSAL (${rehearsal.join('; ')})` : ''}`);
  return { run, settings, place, guardian };
}

/** vitest's global setup: prepares the run before any spec, and has it undone after the last one. */
export default async function setup(
  project: TestProject,
): Promise<(() => Promise<void>) | undefined> {
  const { settings, runDirectory: path, ...own } = project.getProvidedContext();
  // Evidence and probe files are for root and its group only, whatever umask the shell had.
  process.umask(0o027);
  try {
    const { SIGNING_KEY, CANARY_RUN } = settings;
    const key = signingKey(SIGNING_KEY);
    if (CANARY_RUN !== undefined) {
      project.provide('canaryRun', await judgeAgain(settings, CANARY_RUN, path));
      return () => sealInPlace(path, key);
    }
    const { run, place, guardian, settings: withCopies } = await begin(settings, path, own);
    void guardian.lost.then((message) => recordError(path, message));
    project.provide('canaryRun', run);
    // Only this process signs.
    project.provide('settings', { ...withCopies, SIGNING_KEY: undefined });
    return async () => {
      const report = await undone(guardian, path);
      // What the steps had left to it: all of it when the journal was lost on the way.
      for (const text of report.undone) place.directory.log(`undone by the guardian: ${text}`);
      for (const problem of report.problems)
        process.stderr.write(`aegisbpf-canary: NOT UNDONE: ${problem}\n`);
      if (report.problems.length > 0) recordNotUndone(path, report.problems);
      await seal(path, key);
      giveToCaller(path, place.made);
    };
  } catch (error) {
    if (!(error instanceof CannotBegin)) throw error;
    process.stderr.write(`aegisbpf-canary: ${error.message}\n`);
    process.exit(2);
  }
}
