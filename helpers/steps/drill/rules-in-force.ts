import { scrapeCommand } from '../../agent/scrape.ts';
import type { EventLog } from '../../agent/stream/event-log.ts';
import type { OwnFile } from '../../changes/own-file.ts';
import { listFileRules, rulesOn, ruleText } from '../../changes/rules.ts';
import { fail, type Judgement, pass } from '../../criteria/judgement.ts';
import { DROP_FAMILIES, familyTotal } from '../../soak/counters.ts';
import { outcomeText, probeFile } from '../../workload/probe.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { OwnOpens } from './own-opens.ts';

/** Files of ours, and which of them must be denied; the others must be free. */
interface WantedRules {
  readonly files: readonly OwnFile[];
  readonly denied: readonly OwnFile[];
}

/** Who opens them, and the life of the agent that must tell what it denies; undefined where none runs. */
interface Opening {
  readonly opens: OwnOpens;
  readonly events: EventLog | undefined;
}

/** Judges the rule list and an open of each file, and looks for a line on each that is denied. @param hostRules the host's own, which stay. */
export async function judgeRules(
  run: CanaryRun,
  after: string,
  wanted: WantedRules,
  hostRules: number,
  opening: Opening,
): Promise<Judgement> {
  const rules = await listFileRules(run.candidate);
  run.directory.appendLine('rollback/rules.ndjson', { after, rules: rules.map(ruleText) });
  const source = 'aegisbpf block list, probe process';
  for (const file of wanted.files) {
    const limit = wanted.denied.includes(file) ? 1 : 0;
    const value = rulesOn(rules, file).length;
    if (value === limit) continue;
    return fail(
      `after ${after} the rule list holds ${value} rules on ${file.path}, expected ${limit}`,
      { value, limit, unit: 'rules', source },
    );
  }
  const limit = wanted.denied.length + hostRules;
  const measured = { value: rules.length, limit, unit: 'rules', source };
  if (rules.length !== limit) {
    return fail(
      `after ${after} the rule list holds ${rules.length} rules, expected ${limit}: ${rules.map(ruleText).join(', ')}`,
      measured,
    );
  }
  const explanation = `after ${after} exactly ${wanted.denied.length} files of ours are denied, by the list and by an open of each`;
  return (await wrongOpen(run, after, wanted, opening)) ?? pass(explanation, measured);
}

async function wrongOpen(
  { candidate }: CanaryRun,
  after: string,
  { files, denied }: WantedRules,
  { opens, events }: Opening,
): Promise<Judgement | undefined> {
  opens.keepAnew();
  const probes = await Promise.all(
    files.map(async (file) => ({
      file,
      ...(await probeFile(file, candidate.environment, 1, opens.started)),
    })),
  );
  for (const { file, outcome } of probes) {
    const limit = denied.includes(file) ? 'refused with EPERM' : 'allowed';
    const value = outcomeText(outcome);
    if (value === limit) continue;
    const measured = { value, limit, source: 'probe process' };
    return fail(`after ${after} an open of ${file.path} was ${value}, expected ${limit}`, measured);
  }
  if (events === undefined) return undefined;
  // What is not told is judged with all lines of the drill: the rules are in force nevertheless.
  const refused = probes.filter(({ file }) => denied.includes(file));
  const untold = (await opens.untold(refused, events)).length;
  const drops = untold === 0 ? 0 : await dropsSoFar(candidate);
  opens.wereDenied(refused.length, events, { untold, drops });
  return undefined;
}

/** Event lines that the agent says it dropped since its counters began; undefined where it does not say. */
async function dropsSoFar(candidate: CanaryRun['candidate']): Promise<number | undefined> {
  const scrape = await scrapeCommand(candidate);
  return scrape.ok ? familyTotal(scrape.metrics, DROP_FAMILIES) : undefined;
}
