import type { OwnFile } from '../../changes/own-file.ts';
import { listFileRules, rulesOn, ruleText } from '../../changes/rules.ts';
import { fail, type Judgement, pass } from '../../criteria/judgement.ts';
import { outcomeText, probeFile } from '../../workload/probe.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { OwnOpens } from './own-opens.ts';

/** Files of ours, and which of them must be denied; the others must be free. */
interface WantedRules {
  readonly files: readonly OwnFile[];
  readonly denied: readonly OwnFile[];
}

/** Judges the rule list and an open of each file. @param hostRules the host's own, which stay. @param started hears of each process that opens one. */
export async function judgeRules(
  run: CanaryRun,
  after: string,
  wanted: WantedRules,
  hostRules: number,
  started: OwnOpens['started'],
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
  return (await wrongOpen(run, after, wanted, started)) ?? pass(explanation, measured);
}

async function wrongOpen(
  { candidate }: CanaryRun,
  after: string,
  { files, denied }: WantedRules,
  started: OwnOpens['started'],
): Promise<Judgement | undefined> {
  const probes = await Promise.all(
    files.map((file) => probeFile(file, candidate.environment, 1, started)),
  );
  for (const [index, file] of files.entries()) {
    const limit = denied.includes(file) ? 'refused with EPERM' : 'allowed';
    const outcome = probes[index]?.outcome;
    const value = outcome === undefined ? 'not tried' : outcomeText(outcome);
    if (value === limit) continue;
    const measured = { value, limit, source: 'probe process' };
    return fail(`after ${after} an open of ${file.path} was ${value}, expected ${limit}`, measured);
  }
  return undefined;
}
