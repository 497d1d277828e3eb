import { type ReadyDaemon, StartingDaemon } from '../../agent/daemon.ts';
import { daemonOptions } from '../../agent/daemon-options.ts';
import { type Scrape, scrapeCommand } from '../../agent/scrape.ts';
import type { EventLog } from '../../agent/stream/event-log.ts';
import type { OwnFile } from '../../changes/own-file.ts';
import { listFileRules, ruleCountIn, rulesOn } from '../../changes/rules.ts';
import { fail, type Judgement, noEvidence } from '../../criteria/judgement.ts';
import { pause } from '../../criteria/step-signal.ts';
import { agentsAmong, processesMarked, RUN_MARK } from '../../host/processes.ts';
import { DROP_FAMILIES, inodeDelta, scrapeDelta } from '../../soak/counters.ts';
import { actionsOf } from '../../soak/invariants.ts';
import { type CanaryRun, canaryRun } from '../canary-run.ts';
import {
  deniedOpens,
  EnforcementWatch,
  FIRST_OPEN_TIMEOUT_MS,
  mostOpensIn,
} from './enforcement-watch.ts';
import { OwnOpens } from './own-opens.ts';
import { type Ending, judgeRestart, READY_MEANS_ENFORCING_MS, stillDenied } from './restart-gap.ts';

/** How long the opens go on before and after, so that a gap has something on both sides. */
const STEADY_MS = 500;
const CHILDREN_MS = 2000;

/**
 * The restart behaviour of the enforce phase: the agent ends, in order or by SIGKILL, while a
 * process of ours opens a denied file all the time, and starts again on the same pinned maps.
 */
export class RestartUnderLoad {
  readonly #run: CanaryRun = canaryRun();
  readonly #file: () => OwnFile;
  readonly #lives: StartingDaemon[] = [];
  /** Of the counters, when the last life had ended: without an agent they stay. */
  #last: Scrape | undefined;

  /** @param file has a deny rule. */
  constructor(file: () => OwnFile) {
    this.#file = file;
  }

  /** What each life told. */
  get streams(): readonly EventLog[] {
    return this.#lives.map(({ events }) => events);
  }

  /** Ends what still runs. */
  async cleanUp(): Promise<void> {
    for (const life of this.#lives) await life.stop();
  }

  /**
   * SIGINT or SIGKILL, and a new start: one gap, and no open lost or gained on either side of it. The rules
   * outlive it, the counters go on.
   */
  async ended(ending: Ending): Promise<Judgement> {
    const file = this.#file();
    const { candidate, directory, settings } = this.#run;
    const { ENFORCE_SIGNAL: enforceSignal } = settings;
    const opens = new OwnOpens(
      'the file opened over the restart',
      [file],
      candidate.executable,
      // An open under way when the hooks are attached or detached is denied or not seen at all.
      { denied: actionsOf({ mode: 'enforce', enforceSignal }), allowed: [] },
    );
    const name = ending === 'in order' ? 'restart' : 'crash';
    const source = `enforce/${name}.json`;
    // Beside the start, before which nothing is opened; waited for, whatever becomes of that.
    const scraping = Promise.resolve(this.#last ?? scrapeCommand(candidate));
    const first = await this.#start(`enforce/${name}-before`, opens).finally(() => scraping);
    const before = await scraping;
    const watch = new EnforcementWatch(file, candidate.environment);
    opens.started(watch.pid);
    try {
      if (!(await steadilyDenied(watch, FIRST_OPEN_TIMEOUT_MS))) {
        const lost = await this.#ruleIsListed(file);
        if (lost !== undefined) return lost;
        throw noEvidence('the denied file was not denied before the restart', { source });
      }
      // What a life's ring holds when it ends may be lost; what was denied some time before may not.
      const toldOfFirst = await watch.deniedSoFar();
      await opens.wereTold(toldOfFirst, first.events);
      const endedAt = performance.now();
      const ended = await end(first, ending);
      const without = await this.#withoutAgent(watch);
      const startedAt = performance.now();
      const second = await this.#start(`enforce/${name}-after`, opens);
      const back = await steadilyDenied(watch, READY_MEANS_ENFORCING_MS);
      const times = {
        endMs: Math.round(startedAt - endedAt),
        enforcingAgainMs: Math.round(performance.now() - startedAt - STEADY_MS),
      };
      const report = await watch.stop();
      const deniedByFirst = deniedOpens(report.stretches.slice(0, 1));
      const deniedBySecond = deniedOpens(report.stretches.slice(-1));
      await opens.wereTold(deniedBySecond, second.events);
      await this.#lives.at(-1)?.stop();
      const after = await scrapeCommand(candidate);
      this.#last = after;
      // The list is read where the agent counts another number of rules than before.
      const rulesBefore = ruleCountIn(before);
      const isKept = rulesBefore !== undefined && rulesBefore === ruleCountIn(after);
      const listed = isKept ? undefined : await this.#ruleIsListed(file);
      const counted = inodeDelta({ before, after }, file);
      const drops = scrapeDelta({ before, after }, DROP_FAMILIES);
      opens.allDenied(deniedByFirst, Math.min(toldOfFirst, deniedByFirst), first.events);
      opens.allDenied(deniedBySecond, deniedBySecond, second.events);
      const told = opens.judge(
        `enforce/${name}-*/agent.stdout.ndjson`,
        drops.known ? drops.value : undefined,
      );
      const { strangerLines: strangers } = opens;
      directory.writeJson(source, { ending, times, without, report, counted, strangers, told });
      const broken = ended ?? without;
      if (broken !== undefined) return broken;
      const { enforcingAgainMs } = times;
      const again = { isBack: back, readyMs: second.log.startedAtMs, enforcingAgainMs };
      const measured = { report, counted, strangers, told, source };
      const mostMs = settings.MAX_RESTART_GAP_MS;
      const mostOpens = settings.MAX_RESTART_GAP_OPENS ?? mostOpensIn(mostMs);
      const limits = { mostMs, mostOpens };
      return judgeRestart({ ending, enforceSignal, ...limits, ...again, ...measured }, listed);
    } finally {
      watch.kill();
    }
  }

  /** Between two lives nothing is denied and nothing of the agent runs. */
  async #withoutAgent(watch: EnforcementWatch): Promise<Judgement | undefined> {
    const { provided, candidate } = this.#run;
    const denied = await stillDenied(watch);
    if (denied !== undefined) return denied;
    const agents = () =>
      agentsAmong(processesMarked(RUN_MARK, provided.runId), [{ path: candidate.executable }]);
    let running = agents();
    // Children of the agent may end a moment after it.
    for (let waited = 0; running.length > 0 && waited < CHILDREN_MS; waited += 50) {
      await pause(50);
      running = agents();
    }
    if (running.length === 0) return undefined;
    return fail(
      `the agent ended and left ${running.map(({ pid }) => `pid ${pid}`).join(', ')} running`,
      { value: running.length, limit: 0, unit: 'processes', source: '/proc' },
    );
  }

  async #ruleIsListed(file: OwnFile): Promise<Judgement | undefined> {
    const listed = rulesOn(await listFileRules(this.#run.candidate), file).length;
    if (listed === 1) return undefined;
    return fail(`after the agent's end the rule list holds ${listed} rules on its file`, {
      value: listed,
      limit: 1,
      unit: 'rules',
      source: 'aegisbpf block list',
    });
  }

  async #start(name: string, opens: OwnOpens): Promise<ReadyDaemon> {
    const { settings, candidate, directory } = this.#run;
    await this.#run.journal();
    const options = await daemonOptions(settings, { name, mode: 'enforce' });
    const starting = new StartingDaemon(candidate, options, directory);
    this.#lives.push(starting);
    opens.follow(starting.events);
    return starting.ready();
  }
}

/** Waits for denials and lets them go on for a while. @returns whether they came. */
async function steadilyDenied(watch: EnforcementWatch, timeoutMs: number): Promise<boolean> {
  if (!(await watch.until('denied', timeoutMs))) return false;
  await pause(STEADY_MS);
  return true;
}

async function end(agent: ReadyDaemon, ending: Ending): Promise<Judgement | undefined> {
  if (ending === 'by SIGKILL') process.kill(agent.identity.pid, 'SIGKILL');
  const { exit } = await agent.stop();
  const wanted = ending === 'in order' ? 'exit code 0' : 'SIGKILL';
  const value = exit.signal ?? `exit code ${exit.exitCode}`;
  return value === wanted
    ? undefined
    : fail(`the agent ended with ${value}, expected ${wanted}`, { value, limit: wanted });
}
