import { scrapeCommand } from '../../agent/scrape.ts';
import type { EventLog } from '../../agent/stream/event-log.ts';
import type { OwnFile } from '../../changes/own-file.ts';
import { FILE_RULES, listFileRules, rulesOn, ruleText } from '../../changes/rules.ts';
import { fail, type Judgement, pass } from '../../criteria/judgement.ts';
import { DROP_FAMILIES, familyTotal } from '../../soak/counters.ts';
import { counted } from '../../text/counted.ts';
import { outcomeText, probeFile } from '../../workload/probe.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { OwnOpens } from './own-opens.ts';

const SOURCE = 'aegisbpf block list, probe process';

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

/** The host's own rules, which stay; and how many there are now by the agent's count, undefined where it was not asked. */
interface RuleCounts {
  readonly hostRules: number;
  readonly count: number | undefined;
}

/**
 * Judges the rules and an open of each file, and looks for a line on each that is denied. Where the agent counts as many
 * rules as there must be, the opens tell which they are; its list is read where anything is wrong, to say what.
 */
export async function judgeRules(
  run: CanaryRun,
  after: string,
  wanted: WantedRules,
  { hostRules, count }: RuleCounts,
  opening: Opening,
): Promise<Judgement> {
  const limit = wanted.denied.length + hostRules;
  const passed = (by: string, source: string) =>
    pass(
      `after ${after} exactly ${wanted.denied.length} files of ours are denied, by ${by} and by an open of each`,
      { value: limit, limit, unit: 'rules', source },
    );
  const list = () => wrongList(run, after, wanted, limit);
  const opens = () => wrongOpen(run, after, wanted, opening);
  if (count !== limit) return (await list()) ?? (await opens()) ?? passed('the list', SOURCE);
  const opened = await opens();
  return opened === undefined
    ? passed("the agent's count of rules", `${FILE_RULES}, probe process`)
    : ((await list()) ?? opened);
}

async function wrongList(
  run: CanaryRun,
  after: string,
  wanted: WantedRules,
  most: number,
): Promise<Judgement | undefined> {
  const rules = await listFileRules(run.candidate);
  run.directory.appendLine('rollback/rules.ndjson', { after, rules: rules.map(ruleText) });
  for (const file of wanted.files) {
    const limit = wanted.denied.includes(file) ? 1 : 0;
    const value = rulesOn(rules, file).length;
    if (value === limit) continue;
    return fail(
      `after ${after} the rule list holds ${counted(value, 'rule')} on ${file.path}, expected ${limit}`,
      { value, limit, unit: 'rules', source: SOURCE },
    );
  }
  if (rules.length === most) return undefined;
  return fail(
    `after ${after} the rule list holds ${counted(rules.length, 'rule')}, expected ${most}: ${rules.map(ruleText).join(', ')}`,
    { value: rules.length, limit: most, unit: 'rules', source: SOURCE },
  );
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
