import { statSync } from 'node:fs';
import { scrapeRunning } from '../../agent/scrape.ts';
import type { OwnDecision } from '../../agent/stream/event-log.ts';
import { judgeOption, optionText, RUN_OPTIONS, type RunOption } from '../../coverage/by-option.ts';
import { isRefused } from '../../coverage/kept-routes.ts';
import { type Line, lineText } from '../../coverage/table.ts';
import { type Judgement, NotApplicable } from '../../criteria/judgement.ts';
import { pause } from '../../criteria/step-signal.ts';
import { DECISION_FAMILIES, scrapeDelta } from '../../soak/counters.ts';
import type { CanaryRun } from '../canary-run.ts';
import { mustHave } from '../drill/usage.ts';
import type { CoverageMode } from './coverage-phase.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { whileEnforcing } from './enforcing-start.ts';
import { rulesAgain } from './table-again.ts';

/** Counters are right at once; who reads them may be late. */
const COUNTED_MS = 10_000;
const BETWEEN_MS = 250;

/** The hook may be asked of a rename as well, which this one needs to be made (docs/configuration.md). */
const isTried = ({ route, group }: Line) => route !== 'replaced' && group !== 'by-content';

/**
 * Production may give the agent options that its own suite never gives it, and each is a branch of its own in every hook: what is
 * denied without a line there, or by another hook, must be denied all the same. So the routes are taken once more with each.
 */
export async function optionChangesNothing(
  run: CanaryRun,
  subjects: CoverageSubjects,
  enforce: Pick<CoverageMode, 'judged'>,
  name: keyof typeof RUN_OPTIONS,
): Promise<Judgement> {
  const option: RunOption = RUN_OPTIONS[name];
  await mustHave({ run }, option.name);
  if (option.fileHooks !== undefined) mustKeepNobodyOut(subjects.hostPaths);
  const judged = await enforce.judged();
  const lines = judged.flatMap(({ verdict, taken: { line } }) =>
    verdict === 'pass' && isTried(line) && option.kinds.includes(line.kind) ? [line] : [],
  );
  await rulesAgain(run, subjects);
  const place = `coverage/${name}`;
  const source = `${place}/routes.json`;
  const life = { name: place, more: [optionText(option)] };
  const told = new Set<readonly OwnDecision[]>();
  const met = await whileEnforcing(run, run.candidate, life, async (ready) => {
    const count = () => scrapeRunning(run.candidate, ready.metricsAddress);
    const before = option.fileHooks === undefined ? await count() : undefined;
    const taken = await subjects.takeAtOnce(ready.events, option.kinds, told);
    const kept = lines.map((line) => ({
      line,
      answer: taken.find((one) => one.line === line)?.answer ?? 'not taken',
    }));
    const { hooks } = ready.capabilities;
    if (before === undefined) return { lines: kept, hooks };
    const denied = kept.filter(({ answer }) => isRefused(answer)).length;
    const grown = async () => scrapeDelta({ before, after: await count() }, DECISION_FAMILIES);
    const deadline = performance.now() + COUNTED_MS;
    let decisions = await grown();
    while (decisions.known && decisions.value < denied && performance.now() < deadline) {
      await pause(BETWEEN_MS);
      decisions = await grown();
    }
    return { lines: kept, hooks, decisions };
  });
  // All lines have come once the agent has ended.
  const whole = { ...met, told: [...told].reduce((sum, { length }) => sum + length, 0) };
  run.directory.writeJson(source, {
    ...{ option: optionText(option), told: whole.told, decisions: whole.decisions },
    lines: whole.lines.map(({ line, answer }) => ({ words: lineText(line), answer })),
  });
  return judgeOption(option, whole, source);
}

/** @throws NotApplicable where the host has a rule on a directory: this hook is asked on the way to every file below it. */
function mustKeepNobodyOut(hostPaths: readonly string[]): void {
  const directory = hostPaths.find((path) =>
    statSync(path, { throwIfNoEntry: false })?.isDirectory(),
  );
  if (directory === undefined) return;
  throw new NotApplicable(
    `this host has a rule on the directory ${directory}, and by the hook inode_permission all that is below it would be denied to its services`,
  );
}
