import type { ReadyDaemon } from '../../agent/daemon.ts';
import {
  type CountedTables,
  countedTables,
  forgottenIn,
  judgeTables,
  keptIn,
  keptText,
  type TablesOrder,
} from '../../coverage/agent-tables.ts';
import { type Judgement, noEvidence, together } from '../../criteria/judgement.ts';
import { askedOnce } from '../../workload/own-process.ts';
import type { CanaryRun } from '../canary-run.ts';
import { judgeDefect } from './known-defects.ts';
import { roomIsTold } from './told-capacities.ts';

const SCRIPT = new URL('../../coverage/agent-tables-process.ts', import.meta.url);
const SOURCE = 'coverage/enforce/agent-tables.json';
/** More than a host starts by itself in these seconds, and few enough for a slow one. */
const TIMES = 500;
const PATIENCE_MS = 300_000;
const FULL =
  'what starts then is not in it, and an event of it tells neither its parent nor its start (docs/agent-contract.md §6.10)';
const FORGOTTEN =
  'a process that lives is, once some of its threads have ended, no longer in the table';
const UNKNOWN =
  'what the agent knew of its program, such as whether it is verified, is lost (docs/agent-contract.md §6.10)';

type Counted = Exclude<CountedTables, { failed: string }>;

/** A table of the agent that keeps what has ended is full one day; one that forgets what lives no longer knows whom it may spare; and one that is smaller than it is said to be is full before anybody is told. */
export async function tablesForget(run: CanaryRun, daemon: ReadyDaemon): Promise<Judgement> {
  const { pid } = daemon.identity;
  const count = async () => {
    const counted = await countTables({ pid, times: TIMES }, run.candidate.environment);
    run.directory.writeJson(SOURCE, counted);
    if (!('failed' in counted)) return counted;
    throw noEvidence(`the agent's tables cannot be counted: ${counted.failed}`, { source: SOURCE });
  };
  const ofProcesses = ({ before, behindProcesses }: Counted) =>
    keptIn(before, behindProcesses, TIMES);
  const ofThreads = ({ behindProcesses, behindThreads }: Counted) =>
    keptIn(behindProcesses, behindThreads, TIMES);
  const ofLiving = ({ behindProcesses, behindThreads }: Counted) =>
    forgottenIn(behindProcesses, behindThreads);
  const counted = await count();
  const isWrong = [ofProcesses, ofThreads, ofLiving].some((of) => of(counted).length > 0);
  // A service of the host that starts meanwhile has many threads, too, and not twice.
  const again = isWrong ? await count() : counted;
  const defect = (what: 'processes' | 'threads', of: typeof ofThreads) => {
    const kept = of(again);
    if (kept.length === 0 || of(counted).length === 0) return [];
    const finding = {
      ...{ title: `a table keeps ${what} that have ended`, severity: 'medium' as const },
      reference: 'docs/agent-contract.md §6.10',
      detail: `${keptText(kept, TIMES, what)}: ${FULL}`,
    };
    const value = Math.max(...kept.map(({ entries }) => entries));
    const measured = { value, limit: 0, unit: `${what} kept`, source: SOURCE };
    return [judgeDefect(run.settings, `ended-${what}-kept`, finding, measured)];
  };
  const forgetful = () => {
    const names = ofLiving(again);
    if (names.length === 0 || ofLiving(counted).length === 0) return [];
    const finding = {
      ...{ title: 'a table forgets a process that lives', severity: 'medium' as const },
      reference: 'docs/agent-contract.md §6.10',
      detail: `${FORGOTTEN} ${names.join(', ')}, and one beside it that ended no thread is: ${UNKNOWN}`,
    };
    const measured = { value: names.length, limit: 0, unit: 'tables', source: SOURCE };
    return [judgeDefect(run.settings, 'living-processes-forgotten', finding, measured)];
  };
  const [first, ...more] = [
    ...defect('processes', ofProcesses),
    ...defect('threads', ofThreads),
    ...forgetful(),
  ];
  const kept =
    first === undefined ? judgeTables(counted.before, TIMES, SOURCE) : together([first, ...more]);
  return together([kept, await roomIsTold(run, daemon, counted.before, SOURCE)]);
}

async function countTables(
  order: TablesOrder,
  environment: Readonly<Record<string, string>>,
): Promise<CountedTables> {
  const [script, answer, patienceMs] = [SCRIPT, countedTables, PATIENCE_MS];
  const asked = await askedOnce({ script, order, answer, environment, patienceMs });
  return 'told' in asked
    ? asked.told
    : { failed: `the process that counts them reported nothing (${asked.end})` };
}
