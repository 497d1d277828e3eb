import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentEnvironment } from '../../agent/command.ts';
import { parseLogLine } from '../../agent/contract/daemon-log.ts';
import { daemonOptions, runArguments } from '../../agent/daemon-options.ts';
import {
  type Systemd,
  serviceSnapshot,
  startUnit,
  systemdOf,
  type TransientUnit,
} from '../../changes/transient-unit.ts';
import { NOT_AFTER_A_KILL } from '../../coverage/unit-restart.ts';
import {
  fail,
  inconclusive,
  type Judgement,
  NotApplicable,
  noEvidence,
  pass,
} from '../../criteria/judgement.ts';
import { mustGoOn } from '../../criteria/step-signal.ts';
import { isRunning, processesMarked, RUN_MARK } from '../../host/processes.ts';
import { outcomeText, probeFile } from '../../workload/probe.ts';
import {
  EnforcementWatch,
  FIRST_OPEN_TIMEOUT_MS,
  singleGap,
  wrongSignals,
} from './enforcement-watch.ts';
import type { DrillStage } from './stage.ts';
import { type FirstLine, firstLine, judgeFirstLine } from './told-in-time.ts';

/** The host's own service (the unit that ships with the agent). */
const HOST_SERVICE = 'aegisbpf.service';
/** The shipped unit waits 5 s; a rehearsal of the same rule need not. */
const RESTART_SECONDS = 1;
/** Of its agent's output, below the run directory. */
const FOLDER = 'rollback/supervision';
const source = `${FOLDER}.json`;
const STDOUT = `${FOLDER}/agent.stdout.ndjson`;
const POLL_MS = 100;

/** Supervision by systemd: a transient unit of ours, whose agent is killed. */
export class Supervision {
  readonly #stage: DrillStage;
  #first: FirstLine | undefined;
  #host: { systemctl: string; before: Readonly<Record<string, string>> } | undefined;

  constructor(stage: DrillStage) {
    this.#stage = stage;
  }

  /** A killed agent is started again by systemd, and enforces again. */
  async killedAgentComesBack(): Promise<Judgement> {
    const stage = this.#stage;
    const systemd = systemdOf(stage.run.settings.HOST_ROOT);
    if (typeof systemd === 'string')
      throw new NotApplicable(`${systemd}, so supervision was not tried`);
    const before = await serviceSnapshot(systemd.systemctl, HOST_SERVICE);
    this.#host = { systemctl: systemd.systemctl, before };
    stage.run.directory.writeJson('rollback/host-service-before.json', before);
    await (await stage.runningAgent()).stop();
    const unit = await this.#startUnit(systemd);
    const openers: (number | undefined)[] = [];
    let judged: Judgement;
    let told = false;
    try {
      await this.#openOnce(openers);
      using watch = new EnforcementWatch(stage.prepared().guarded, stage.run.candidate.environment);
      openers.push(watch.pid);
      judged = await this.#killAndWatch(unit, watch);
    } finally {
      const problem = await unit.stop();
      if (problem !== undefined) stage.run.directory.log(problem);
      told = await stage.takeIn(FOLDER, openers);
    }
    if (judged.verdict === 'pass' && told) return judgeHostUnit(before) ?? judged;
    return judged.verdict === 'pass'
      ? inconclusive(
          'no event line of the agent that systemd kept running arrived, though it denied opens of ours: nobody knows what it decided on others',
          { source: STDOUT },
        )
      : judged;
  }

  /** The line on a denial comes by itself, as whoever reads the unit's output waits for it. */
  denialIsToldInTime(): Judgement {
    if (this.#host === undefined)
      throw new NotApplicable('supervision was not tried, so no agent of systemd told of anything');
    return judgeFirstLine(this.#first, this.#stage.run.settings, STDOUT);
  }

  /** The host's own service, installed or not, is exactly as before. */
  async hostServiceIsAsBefore(): Promise<Judgement> {
    if (this.#host === undefined)
      throw new NotApplicable('supervision was not tried, so no unit of this host was near it');
    const { systemctl, before } = this.#host;
    const after = await serviceSnapshot(systemctl, HOST_SERVICE);
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    const changed = names.filter((name) => before[name] !== after[name]);
    const asked = `systemctl show ${HOST_SERVICE}`;
    const measured = { value: changed.length, limit: 0, unit: 'properties', source: asked };
    return changed.length === 0
      ? pass(
          `${HOST_SERVICE} is as before: ${before.LoadState}, ${before.ActiveState}, ${before.UnitFileState || 'no unit file'}`,
          measured,
        )
      : fail(
          `${HOST_SERVICE} changed: ${changed.map((name) => `${name} ${before[name] || 'unset'} → ${after[name] || 'unset'}`).join('; ')}`,
          measured,
        );
  }

  /** One denied open before any other. @param openers gets the processes that open. */
  async #openOnce(openers: (number | undefined)[]): Promise<void> {
    const { directory, settings, candidate } = this.#stage.run;
    const { guarded } = this.#stage.prepared();
    const readyBy = performance.now() + settings.READY_TIMEOUT_SECONDS * 1000;
    const log = directory.file(FOLDER, 'agent.stderr.log');
    while (!(existsSync(log) && readFileSync(log, 'utf8').includes('Agent started'))) {
      mustGoOn();
      if (performance.now() > readyBy) return;
      await sleep(POLL_MS);
    }
    const open = (opens: number) =>
      probeFile(guarded, candidate.environment, opens, (pid) => openers.push(pid));
    const { pid, outcome } = await open(1);
    this.#first =
      outcome.kind === 'refused'
        ? await firstLine(directory.file(FOLDER, 'agent.stdout.ndjson'), pid, open)
        : { came: 'not tried', outcome: outcomeText(outcome) };
  }

  async #startUnit(systemd: Systemd): Promise<TransientUnit> {
    const { run } = this.#stage;
    const { settings, candidate, directory } = run;
    const life = { name: FOLDER, mode: 'enforce', asShipped: true } as const;
    const options = await daemonOptions(settings, life);
    directory.directory(options.name);
    return startUnit(
      {
        systemd,
        name: `aegisbpf-canary-${run.provided.runId}.service`,
        command: [candidate.executable, ...runArguments(options)],
        environment: { ...agentEnvironment(candidate), AEGIS_METRICS_ADDR: options.metricsAddress },
        restartSeconds: RESTART_SECONDS,
        stdout: directory.file(options.name, 'agent.stdout.ndjson'),
        stderr: directory.file(options.name, 'agent.stderr.log'),
      },
      await run.journal(),
    );
  }

  async #killAndWatch(unit: TransientUnit, watch: EnforcementWatch): Promise<Judgement> {
    const { settings, provided, directory } = this.#stage.run;
    const readyMs = settings.READY_TIMEOUT_SECONDS * 1000;
    if (!(await watch.until('denied', readyMs + FIRST_OPEN_TIMEOUT_MS))) {
      const log = directory.file(FOLDER, 'agent.stderr.log');
      const audits = judgeDefaultMode(existsSync(log) ? readFileSync(log, 'utf8') : '');
      if (audits !== undefined) return audits;
      throw noEvidence(
        `${unit.name} did not enforce within ${settings.READY_TIMEOUT_SECONDS} s; its log is in rollback/supervision/`,
        { source },
      );
    }
    const ours = (main: number | undefined) =>
      processesMarked(RUN_MARK, provided.runId).find((one) => one.pid === main && isRunning(one));
    const first = await unit.mainPid();
    const killed = ours(first);
    if (killed === undefined)
      throw noEvidence(`the main process of ${unit.name} (${first ?? 'none'}) is not ours`, {
        source,
      });
    process.kill(killed.pid, 'SIGKILL');
    const opened = await watch.until('allowed', readyMs);
    const back = opened && (await watch.until('denied', readyMs + RESTART_SECONDS * 1000));
    const restarts = await unit.restarts();
    const second = await unit.mainPid();
    const report = await watch.stop();
    const problem = await unit.stop();
    directory.writeJson(source, { first, second, restarts, report });
    // The opens began before the agent did.
    const begun = report.stretches.findIndex(({ outcome }) => outcome === 'denied');
    const gap = singleGap(report.stretches.slice(begun));
    if (!back || typeof gap === 'string' || restarts < 1 || second === first) {
      return fail(
        `the killed agent did not come back as it should: ${typeof gap === 'string' ? gap : `${restarts} restarts, pid ${first} → ${second ?? 'none'}`}`,
        { value: restarts, limit: 1, unit: 'restarts', source },
      );
    }
    const signals = wrongSignals(report, settings.ENFORCE_SIGNAL);
    if (signals !== undefined) return signals;
    const why = problem ?? (ours(second) === undefined ? undefined : `pid ${second} still runs`);
    if (why !== undefined)
      return fail(`the unit could not be stopped for good: ${why}`, { source });
    return pass(
      `systemd started the killed agent again (RestartSec=${RESTART_SECONDS}): enforcement was gone for ${gap.ms} ms, in which ${gap.allowedOpens} opens went through; the unit is gone`,
      { value: gap.ms, unit: 'ms', source },
    );
  }
}

/**
 * It is started as its unit starts it where AEGIS_MODE is unset: such a host is protected (docs/agent-contract.md §0.5).
 * @param log of the agent that systemd started. @returns what is wrong with its mode, if it says that it audits.
 */
export function judgeDefaultMode(log: string): Judgement | undefined {
  const started = log
    .split('\n')
    .map(parseLogLine)
    .find((line) => line.kind === 'log' && line.message === 'Agent started');
  if (started?.kind !== 'log' || started.fields.get('audit_only') !== 'true') return undefined;
  return fail(
    'the agent was started without a mode, as the unit that ships with it does where AEGIS_MODE is unset, and says audit_only=true: by itself it enforces, and such hosts would no longer be protected',
    { value: 'audit_only=true', limit: 'audit_only=false', source: `${FOLDER}/agent.stderr.log` },
  );
}

/**
 * The agent's own unit, where this host has it: ours came back, and the one of production may not.
 * @param unit as systemctl shows it, its drop-ins applied.
 * @returns what is wrong with it, if anything.
 */
export function judgeHostUnit({
  LoadState: state,
  Restart: rule,
}: Readonly<Record<string, string>>): Judgement | undefined {
  if (state !== 'loaded' || !NOT_AFTER_A_KILL.includes(rule)) return undefined;
  const judged = fail(
    `the killed agent of our unit came back, but that of ${HOST_SERVICE} would not: it has Restart=${rule} on this host, by its unit file or a drop-in; the unit that ships with the agent has on-failure`,
    { value: `Restart=${rule}`, limit: 'Restart=on-failure', source: HOST_SERVICE },
  );
  return { ...judged, blames: 'host' };
}
