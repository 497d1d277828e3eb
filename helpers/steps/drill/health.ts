import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { howItEnded } from '../../agent/command.ts';
import { parseHealth } from '../../agent/contract/health.ts';
import { readScrape, scrapeCommand, scrapeEndpoint } from '../../agent/scrape.ts';
import { fail, inconclusive, type Judgement, pass } from '../../criteria/judgement.ts';
import { DECISION_FAMILIES, DROP_FAMILIES, familyTotal } from '../../soak/counters.ts';
import type { DrillStage } from './stage.ts';

const BY_ENDPOINT = 'rollback/metrics-endpoint.prom';
const BY_FILE = 'rollback/metrics-file.prom';

/** Captures `aegisbpf health --json` after the rollback and judges it. */
export async function healthIsGood(stage: DrillStage): Promise<Judgement> {
  const agent = stage.agent();
  const result = await stage.run.command('health', '--json');
  stage.run.directory.writeText('rollback/health.json', result.stdoutBytes);
  const source = 'rollback/health.json';
  const parsed = parseHealth(result.stdout);
  if (!parsed.ok)
    return inconclusive(`\`aegisbpf health --json\` cannot be read: ${parsed.error}`, { source });
  if (!parsed.value.ok || result.exitCode !== 0) {
    return fail(
      `health after the rollback is not ok: ${parsed.value.error ?? howItEnded(result)}`,
      { value: 'ok=false', limit: 'ok=true', source },
    );
  }
  if (!agent.isRunning())
    return fail('the agent is no longer running after the rollback', { source: '/proc' });
  const measured = { value: 'ok=true', limit: 'ok=true', source };
  return pass(`ok=true, capability=${parsed.value.capability}, the agent runs`, measured);
}

/** Captures `aegisbpf metrics` after the rollback, in each of the ways by which production reads them: the command line, a file, and the endpoint. */
export async function metricsAreCaptured(stage: DrillStage): Promise<Judgement> {
  const { candidate, directory } = stage.run;
  const keepAs = (name: string) => (bytes: Uint8Array) => directory.writeText(name, bytes);
  const scrape = await scrapeCommand(candidate, keepAs('rollback/metrics.prom'));
  const { metricsAddress } = stage.agent();
  const endpoint = await scrapeEndpoint(metricsAddress, keepAs(BY_ENDPOINT));
  const { source } = scrape;
  const unread = 'the metrics after the rollback cannot be read';
  if (!scrape.ok) return inconclusive(`${unread}: ${scrape.reason}`, { source });
  const { metrics } = scrape;
  const families = [...DECISION_FAMILIES, ...DROP_FAMILIES];
  const faults = families.flatMap((family) => metrics.fault(family) ?? []);
  if (faults.length > 0) return inconclusive(`${unread}: ${faults.join('; ')}`, { source });
  const missing = families.filter((family) => !metrics.has(family));
  if (missing.length > 0)
    return inconclusive(`the metrics after the rollback lack ${missing.join(', ')}`, { source });
  // Nobody listens where a version has no endpoint; `audit|enforce.state-changes` tell of one that could not be started.
  const hasNone = !endpoint.ok && endpoint.reason.includes('ECONNREFUSED');
  if (!endpoint.ok && !hasNone) {
    const measured = { source: BY_ENDPOINT };
    return endpoint.text === ''
      ? inconclusive(`the metrics endpoint gave no answer: ${endpoint.reason}`, measured)
      : fail(`nobody can scrape the metrics endpoint: ${endpoint.reason}`, measured);
  }
  const file = join(stage.prepared().directory, 'metrics-file.prom');
  const written = await stage.run.command('metrics', '--out', file);
  const how = `\`aegisbpf metrics --out\`, by which node_exporter gets them,`;
  if (written.exitCode !== 0)
    return fail(`${how} ${howItEnded(written)}`, { source: written.command });
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  directory.writeText(BY_FILE, text);
  const inFile = readScrape(text, BY_FILE);
  if (!inFile.ok)
    return fail(`${how} exited with 0, and its file cannot be read: ${inFile.reason}`, {
      source: BY_FILE,
    });
  const lost = families.filter((family) => !inFile.metrics.has(family));
  if (lost.length > 0)
    return fail(`${how} exited with 0, and its file lacks ${lost.join(', ')}`, { source: BY_FILE });
  return pass(
    `${familyTotal(metrics, DECISION_FAMILIES)} decisions, ${familyTotal(metrics, DROP_FAMILIES)} drops in total, on the command line, in a file${hasNone ? '; nobody listens at the endpoint, as in versions without one' : ' and at the endpoint'}`,
    { source: 'rollback/metrics.prom' },
  );
}
