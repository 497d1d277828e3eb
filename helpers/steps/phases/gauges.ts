import { setTimeout as sleep } from 'node:timers/promises';
import { howItEnded } from '../../agent/command.ts';
import { parseEmergencyStatus } from '../../agent/contract/emergency.ts';
import { parseHealth } from '../../agent/contract/health.ts';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import { type Scrape, scrapeCommand, scrapeEndpoint } from '../../agent/scrape.ts';
import type { RuleList } from '../../changes/rules.ts';
import {
  judgeGauges,
  ofEmergency,
  ofHooks,
  ofPosture,
  ofRules,
  type Reading,
  wrongInHealth,
} from '../../coverage/gauges.ts';
import { inconclusive, type Judgement } from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';

/** A rule that somebody changes meanwhile, or that the agent adds by itself below an overlay, is told by both a moment later. */
const AGAIN_MS = 1000;

/**
 * The gauges that alerts of production rest on, against what the agent tells elsewhere.
 * @param isWhole its tables too, by its lists: these load the BPF object several times.
 */
export async function gaugesAreTrue(
  run: CanaryRun,
  daemon: ReadyDaemon,
  isWhole: boolean,
): Promise<Judgement> {
  const judged = await gauges(run, daemon, isWhole);
  if (judged.verdict !== 'fail') return judged;
  await sleep(AGAIN_MS);
  return gauges(run, daemon, isWhole);
}

async function gauges(run: CanaryRun, daemon: ReadyDaemon, isWhole: boolean): Promise<Judgement> {
  const { capabilities } = daemon;
  const [byEndpoint, rules] = await Promise.all([
    scrapeEndpoint(daemon.metricsAddress),
    isWhole ? run.rules(true) : undefined,
  ]);
  const byCommand = isWhole || !byEndpoint.ok ? await scrapeCommand(run.candidate) : undefined;
  const health = isWhole ? await healthOf(run, rules) : { wrong: [], untold: [] };
  const emergency = isWhole ? await emergencyOf(run) : { gauges: [], untold: [] };
  const reading = (scrape: Scrape | undefined, isOwn: boolean): Reading[] =>
    scrape?.ok === true
      ? [
          {
            ...{ source: scrape.source, metrics: scrape.metrics },
            gauges: [
              ...ofPosture(capabilities, scrape.metrics),
              ...(isOwn ? ofHooks(capabilities, scrape.metrics) : []),
              ...(rules === undefined ? [] : ofRules(rules)),
              ...emergency.gauges,
            ],
          },
        ]
      : [];
  if (byCommand?.ok === false)
    return inconclusive(`the gauges cannot be read: ${byCommand.reason}`, {
      source: byCommand.source,
    });
  // A version may have no endpoint (docs/agent-contract.md §3.3).
  const withoutHooks = byEndpoint.ok
    ? []
    : [`which hooks are attached, for the endpoint answers nothing (${byEndpoint.reason})`];
  return judgeGauges([...reading(byEndpoint, true), ...reading(byCommand, false)], health.wrong, [
    ...withoutHooks,
    ...health.untold,
    ...emergency.untold,
  ]);
}

/** What a health check of production asks: whether this host enforces, and how full the tables are. */
async function healthOf(run: CanaryRun, rules: RuleList | undefined) {
  const result = await run.command('health', '--json', '--require-enforce');
  if (result.stderr.startsWith('Usage: '))
    return { wrong: [], untold: ['`health --require-enforce`, which this version has not'] };
  const parsed = parseHealth(result.stdout);
  // The preconditions ask for a kernel that can enforce.
  if (!parsed.ok || !parsed.value.ok || result.exitCode !== 0)
    return { wrong: [howItEnded(result)], untold: [] };
  return { wrong: rules === undefined ? [] : wrongInHealth(parsed.value, rules), untold: [] };
}

/** Of a version that has a kill switch. The drill judges what it answers. */
async function emergencyOf(run: CanaryRun) {
  const { stdout } = await run.command('emergency-status', '--json');
  const parsed = parseEmergencyStatus(stdout);
  const untold = ['the gauges of the kill switch, of which `emergency-status` tells nothing'];
  return parsed.ok ? { gauges: ofEmergency(parsed.value), untold: [] } : { gauges: [], untold };
}
