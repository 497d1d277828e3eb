import { howItEnded } from '../../agent/command.ts';
import { parseHealth } from '../../agent/contract/health.ts';
import { scrapeCommand, scrapeEndpoint } from '../../agent/scrape.ts';
import { fail, inconclusive, type Judgement, pass } from '../../criteria/judgement.ts';
import { DECISION_FAMILIES, DROP_FAMILIES, familyTotal } from '../../soak/counters.ts';
import type { DrillStage } from './stage.ts';

const ENDPOINT_TIMEOUT_MS = 4000;

/** Captures `aegisbpf health --json` after the rollback and judges it. */
export async function healthIsGood(stage: DrillStage): Promise<Judgement> {
  const agent = stage.agent();
  const result = await stage.command('health', '--json');
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
  return pass(`ok=true, capability=${parsed.value.capability}, the agent runs`, {
    value: 'ok=true',
    limit: 'ok=true',
    source,
  });
}

/** Captures `aegisbpf metrics` after the rollback, from the command line and from the endpoint. */
export async function metricsAreCaptured(stage: DrillStage): Promise<Judgement> {
  const { candidate, directory } = stage.run;
  const keepAs = (name: string) => (bytes: Uint8Array) => directory.writeText(name, bytes);
  const kept = keepAs('rollback/metrics.prom');
  const scrape = await scrapeCommand(candidate, kept);
  const { metricsAddress } = stage.agent();
  await scrapeEndpoint(
    metricsAddress,
    ENDPOINT_TIMEOUT_MS,
    keepAs('rollback/metrics-endpoint.prom'),
  );
  if (!scrape.ok)
    return inconclusive(`the metrics after the rollback cannot be read: ${scrape.reason}`, {
      source: scrape.source,
    });
  const families = [...DECISION_FAMILIES, ...DROP_FAMILIES];
  const faults = families.flatMap((family) => scrape.metrics.fault(family) ?? []);
  if (faults.length > 0)
    return inconclusive(`the metrics after the rollback cannot be read: ${faults.join('; ')}`, {
      source: scrape.source,
    });
  const missing = families.filter((family) => !scrape.metrics.has(family));
  if (missing.length > 0)
    return inconclusive(`the metrics after the rollback lack ${missing.join(', ')}`, {
      source: scrape.source,
    });
  return pass(
    `${familyTotal(scrape.metrics, DECISION_FAMILIES)} decisions, ${familyTotal(scrape.metrics, DROP_FAMILIES)} drops in total`,
    { source: 'rollback/metrics.prom' },
  );
}
