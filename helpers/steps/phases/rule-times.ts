import type { ReadyDaemon } from '../../agent/daemon.ts';
import { scrapeEndpoint } from '../../agent/scrape.ts';
import { CostWorker } from '../../cost/worker.ts';
import { judgeDecisionTimes, type Rules, type TimedOpens } from '../../coverage/decision-times.ts';
import { type Judgement, JudgementError, noEvidence } from '../../criteria/judgement.ts';
import { processResources } from '../../host/processes.ts';
import type { CanaryRun } from '../canary-run.ts';

const SOURCE = 'coverage/enforce/decision-times.json';
/** Opens are timed so often with each policy in force, and each policy is in force twice. */
const SLICES = 10;
/** In each slice. Of more denials than these the event stream would keep none apart as ours. */
const OPENS = 200;
const DENIALS = 18;
/** Longer than the event lines of a slice take. */
const EVENTS_MS = 3000;
const HOOK = 'file_open';

/** What opens take while few rules are in force, and while many are. */
export class RuleTimes {
  readonly #run: CanaryRun;
  readonly #daemon: () => ReadyDaemon;
  readonly #timed: TimedOpens[] = [];
  readonly #memoryKb = new Map<Rules, number>();
  #worker: Promise<CostWorker> | undefined;
  #denials = 0;
  #problem: JudgementError | undefined;

  constructor(run: CanaryRun, daemon: () => ReadyDaemon) {
    this.#run = run;
    this.#daemon = daemon;
  }

  /** Times opens while these rules are in force. What goes wrong is judged later: the rules themselves are judged without it. */
  async measure(
    rules: Rules,
    { free, denied }: { readonly free: string; readonly denied: string },
  ) {
    try {
      await this.#measure(rules, free, denied);
    } catch (error) {
      if (!(error instanceof JudgementError)) throw error;
      this.#problem ??= error;
    }
  }

  /** The agent's resident memory with few rules and with many, in words. */
  get memory(): string {
    const [few, many] = [this.#memoryKb.get('few'), this.#memoryKb.get('many')];
    return few === undefined || many === undefined
      ? ''
      : `; the agent's resident memory is ${many} kB, and ${few} kB with few rules`;
  }

  judge(): Judgement {
    if (this.#problem !== undefined) throw this.#problem;
    this.#run.directory.writeJson(SOURCE, { slices: this.#timed });
    return judgeDecisionTimes(this.#timed, { source: SOURCE });
  }

  async cleanUp(): Promise<void> {
    (await this.#worker)?.kill();
  }

  async #measure(rules: Rules, free: string, denied: string): Promise<void> {
    const daemon = this.#daemon();
    this.#worker ??= this.#started(free, denied);
    const worker = await this.#worker;
    const told = daemon.events.watchProcess(worker.pid);
    let before = await hookTime(daemon);
    for (let slice = 0; slice < SLICES; slice += 1) {
      const answer = await worker.ask(
        { ask: 'opens', denied, opens: OPENS, denials: DENIALS },
        ...(['opens', 'refused'] as const),
      );
      if (answer.kind === 'refused')
        throw noEvidence(`with ${rules} rules an open met ${answer.errno}, so it cannot be timed`, {
          source: answer.call,
        });
      const after = await hookTime(daemon);
      this.#timed.push({
        ...{ rules, free: answer.free.least / answer.stat.least },
        denied: answer.denied.least / answer.stat.least,
        hook: between(before, after),
      });
      before = after;
    }
    // Before another policy is in force, under which they would be told as of another rule.
    this.#denials += SLICES * DENIALS;
    await daemon.events.until(() => told.length >= this.#denials, EVENTS_MS);
    const memory = processResources(daemon.identity.pid).rssKb;
    if (memory !== undefined) this.#memoryKb.set(rules, memory);
  }

  async #started(free: string, denied: string): Promise<CostWorker> {
    const worker = new CostWorker({ free, denied }, this.#run.candidate.environment);
    await worker.up();
    return worker;
  }
}

/** All that the file hook took until now, by the agent's own clock. */
async function hookTime({ metricsAddress }: ReadyDaemon) {
  const scrape = await scrapeEndpoint(metricsAddress);
  const of = (family: string) =>
    scrape.ok
      ? scrape.metrics.samples(family).find(({ labels }) => labels.hook === HOOK)?.value
      : undefined;
  return {
    calls: of('aegisbpf_hook_invocations_total'),
    ns: of('aegisbpf_hook_latency_total_ns'),
  };
}

type HookTime = Awaited<ReturnType<typeof hookTime>>;

function between(before: HookTime, after: HookTime): number | undefined {
  const calls = (after.calls ?? Number.NaN) - (before.calls ?? Number.NaN);
  return calls > 0 ? ((after.ns ?? Number.NaN) - (before.ns ?? Number.NaN)) / calls : undefined;
}
