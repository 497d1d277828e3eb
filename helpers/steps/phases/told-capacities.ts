import { parseHealth } from '../../agent/contract/health.ts';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import { scrapeRunning } from '../../agent/scrape.ts';
import type { Table } from '../../coverage/agent-tables.ts';
import {
  judgeRoom,
  toldByHealth,
  toldByMetrics,
  withRoom,
  wrongRoomText,
} from '../../coverage/told-capacities.ts';
import type { Judgement } from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';
import { judgeDefect } from './known-defects.ts';

/**
 * An alert on how full a table is rests on the room that it is said to have.
 * @param tables of the agent, as the kernel has them.
 * @param source where those are written down.
 */
export async function roomIsTold(
  run: CanaryRun,
  { metricsAddress }: ReadyDaemon,
  tables: readonly Table[],
  source: string,
): Promise<Judgement> {
  const scrape = await scrapeRunning(run.candidate, metricsAddress);
  const health = parseHealth((await run.command('health', '--json')).stdout);
  const told = withRoom(
    [
      ...(scrape.ok ? toldByMetrics(scrape.metrics) : []),
      ...(health.ok ? toldByHealth(health.value) : []),
    ],
    tables,
  );
  const wrong = told.filter(({ most, room }) => most !== room);
  const unread = [
    ...(scrape.ok ? [] : [`the metrics cannot be read: ${scrape.reason}`]),
    ...(health.ok ? [] : [`health cannot be read: ${health.error}`]),
  ];
  if (wrong.length === 0) return judgeRoom(told.length, unread, source);
  const finding = {
    ...{ title: 'the capacity of a table is told wrongly', severity: 'medium' as const },
    reference: 'docs/agent-contract.md §3.1',
    detail: `${wrongRoomText(wrong)}: an alert on how full it is rests on a wrong number, and comes too early, too late or never`,
  };
  const measured = { value: wrong.length, limit: 0, unit: 'capacities', source };
  return judgeDefect(run.settings, 'capacity-told-wrongly', finding, measured);
}
