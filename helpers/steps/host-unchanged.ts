import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { agentStateDifferences } from '../changes/agent-state.ts';
import type { Journal } from '../changes/journal.ts';
import { forgetOwnFiles, OWN_DIRECTORY_PREFIX } from '../changes/own-file.ts';
import { listSurvivors, ruleText } from '../changes/rules.ts';
import { undoAll } from '../changes/undo.ts';
import { fail, inconclusive, type Judgement, JudgementError, pass } from '../criteria/judgement.ts';
import type { CanaryRun } from './canary-run.ts';
import { asRecorded } from './exit-criteria.ts';

/** Undoes what is left of the run, then compares the host with how it was found. */
export async function hostIsUnchanged(run: CanaryRun): Promise<Judgement> {
  if (run.provided.rejudge) return asRecorded(run, 'exit.host-as-found');
  const source = 'journal of the run';
  let journal: Journal | undefined;
  try {
    journal = run.begunJournal();
  } catch (error) {
    if (!(error instanceof JudgementError)) throw error;
    return journalIsLost(run, error.judgement);
  }
  if (journal === undefined) return pass('nothing was changed on this host', { source });
  // All but those that the journal still removes.
  const rules = await ruleDifferences(run, 'gone');
  const snapshot = run.snapshot();
  // Without pins there is no rule, and the agent's list command would make new ones.
  const hadPins = snapshot?.pinDirectoryExisted === true;
  forgetOwnFiles();
  const report = await undoAll(journal, (text) => run.directory.log(`undone: ${text}`));
  run.directory.writeJson('undo.json', report);
  const differences = snapshot === undefined ? [] : agentStateDifferences(snapshot);
  const left = hadPins ? await ruleDifferences(run, 'new') : [];
  const problems = [...report.problems, ...rules, ...left, ...differences];
  const measured = { value: problems.length, limit: 0, unit: 'differences', source };
  if (problems.length > 0)
    return fail(`the host is not as it was found: ${problems.join('; ')}`, measured);
  const undone = `${report.undone.length} things undone: ${report.undone.join(', ') || 'nothing was left'}`;
  const gone = evidenceGone(run);
  if (gone.length > 0)
    return inconclusive(
      `${gone.join(' and ')} ${gone.length === 1 ? 'is' : 'are'} gone, so that the host is as it was found cannot be shown. Nothing was seen to differ; ${undone}`,
      measured,
    );
  const stay = hadPins ? await whatStays(run) : '';
  return pass(`${undone}${stay}`, measured);
}

/** What this run wrote down of the host as it was found, and what is there no more. */
function evidenceGone(run: CanaryRun): string[] {
  const known = run.directory.criteria().get('preflight.rules')?.verdict === 'pass';
  return [
    ...(run.snapshot() === undefined ? ['host-before.json'] : []),
    ...(known && rulesAtStart(run) === undefined ? ['rules-before.json'] : []),
  ];
}

/** Without its journal a run cannot show what it undid: what differs from the first snapshot is named. */
function journalIsLost(run: CanaryRun, { explanation }: Judgement): Judgement {
  const { PROBE_DIR } = run.settings;
  const snapshot = run.snapshot();
  const probes = readdirSync(PROBE_DIR).filter((name) => name.startsWith(OWN_DIRECTORY_PREFIX));
  const left = [
    ...(snapshot === undefined ? [] : agentStateDifferences(snapshot)),
    ...probes.map((name) => `${join(PROBE_DIR, name)} was made by this run`),
  ];
  return inconclusive(
    `${explanation}. What the run changed cannot be shown to be undone; still there now: ${left.join('; ') || 'nothing that is known'}. The guardian undoes what it remembers when the run ends (canary.log); look at the host, and run again`,
    { value: left.length, limit: 0, unit: 'differences', source: 'host-before.json' },
  );
}

const texts = z.array(z.string());
const rulesBefore = z.object({
  files: texts,
  network: texts,
  cgroupRules: texts,
  allowedCgroups: texts,
  /** Absent in runs of older versions. */
  survivors: texts.default([]),
});

/** Rules of which one list has more than the other: those that are gone, or those that nobody had before. */
async function ruleDifferences(run: CanaryRun, which: 'gone' | 'new'): Promise<string[]> {
  const before = rulesAtStart(run);
  if (before === undefined) return [];
  const { files, network, cgroupRules, allowedCgroups } = before;
  const hadRules = [files, network, cgroupRules, allowedCgroups].some((list) => list.length > 0);
  // None of none is gone.
  if (which === 'gone' && !hadRules) return [];
  const now = await run.rules();
  const kinds = [
    { what: 'file', was: files, is: now.files.map(ruleText) },
    { what: 'network', was: network, is: now.network },
    { what: 'cgroup', was: cgroupRules, is: now.cgroupRules },
    { what: 'allowed-cgroup', was: allowedCgroups, is: now.allowedCgroups },
  ];
  return kinds.flatMap(({ what, was, is }) => {
    const [more, fewer, verb] = which === 'gone' ? [was, is, 'was'] : [is, was, 'was not'];
    const rules = more.filter((rule) => !fewer.includes(rule));
    return rules.map((rule) => `the ${what} rule ${rule} ${verb} there before the run`);
  });
}

const rulesAtStart = ({ directory }: CanaryRun) =>
  directory.has('rules-before.json')
    ? directory.readJson('rules-before.json', rulesBefore)
    : undefined;

/** What each start of the agent adds to pins that were there, and no command of it takes back. */
async function whatStays(run: CanaryRun): Promise<string> {
  const before = rulesAtStart(run)?.survivors ?? [];
  const now = await listSurvivors(run.candidate);
  const added = now.filter((one) => !before.includes(one)).length;
  return `; the pins were there before and stay, with counters that grew and ${added} inodes more on the survival list, as after every start of the agent`;
}
