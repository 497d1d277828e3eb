import type { ReadyDaemon } from '../agent/daemon.ts';
import { elapsedBetween } from '../workload/clocks.ts';
import type { SideWork } from '../workload/side-work.ts';
import {
  addressDelta,
  DECISION_FAMILIES,
  DROP_FAMILIES,
  inodeDelta,
  scrapeDelta,
} from './counters.ts';
import type { SideResult, SoakResult } from './result.ts';
import type { Measured, SoakSubject } from './soak.ts';

/** What a soak showed, as `soak.json` keeps it. */
export function toResult(subject: SoakSubject, measured: Measured): SoakResult {
  const { daemon, settings, target, decisions } = subject;
  const { begun, ended, sampler, before, after, lines, loads } = measured;
  const victims = loads.victims.counts();
  const latency = loads.main.latency();
  const attemptsPerSecond = loads.main.attemptsPerSecond();
  const connects = (work: SideWork) => work.subject.attempt.endsWith('-connect');
  return {
    mode: daemon.mode,
    enforceSignal: settings.ENFORCE_SIGNAL,
    startedAt: new Date(begun.wall * 1000).toISOString(),
    endedAt: new Date(ended.wall * 1000).toISOString(),
    askedSeconds: settings.DURATION_SECONDS,
    ...elapsedBetween(begun, ended),
    ...(measured.endedEarly === undefined ? {} : { endedEarly: measured.endedEarly }),
    attempts: measured.counts,
    ...(attemptsPerSecond === undefined ? {} : { attemptsPerSecond }),
    ...(latency === undefined ? {} : { openLatencyUs: latency }),
    operations: loads.side
      .filter((work) => !connects(work))
      .map((work) => sideResult(work, measured)),
    network: loads.side.filter(connects).map((work) => sideResult(work, measured)),
    connectHook: daemon.capabilities.hooks.lsm_socket_connect === true,
    askedRate: loads.askedRate,
    workers: settings.WORKERS,
    victims: {
      run: victims.attempts,
      signalled: victims.signals,
      read: victims.allowed,
      denied: victims.eperm - victims.signals,
      other: Object.entries(victims.otherErrno).map(([how, count]) => `${how} × ${count}`),
    },
    decisions: scrapeDelta(before, after, DECISION_FAMILIES),
    drops: scrapeDelta(before, after, DROP_FAMILIES),
    ownDecisions: inodeDelta(before, after, target),
    ownEventLines: lines.own,
    strangerEventLines: lines.all - lines.own,
    linesByAction: Object.fromEntries(decisions.byAction),
    hostDecisions: daemon.events.hostDecisions().reduce((sum, group) => sum + group.count, 0),
    rss: memory(measured),
    samples: sampler.scrapes,
    ...(sampler.telemetryDrops === undefined ? {} : { telemetryDrops: sampler.telemetryDrops }),
    agent: sampler.agent(),
    ...(sampler.otherInstance === undefined ? {} : { otherInstance: sampler.otherInstance }),
    linesNotStored: daemon.events.notStored,
    ...said(daemon),
  };
}

/** What the agent said of itself so far, and what of its words could not be read. */
export function said({
  events,
  log,
}: Pick<ReadyDaemon, 'events' | 'log'>): Pick<
  SoakResult,
  'stateChanges' | 'errors' | 'streamDefects'
> {
  return {
    stateChanges: events.stateChanges.map(({ state, reason_code }) => `${state}/${reason_code}`),
    errors: log.errors.map(({ text }) => text),
    streamDefects: { ...events.defects, samples: [...events.defects.samples] },
  };
}

function memory({ sampler, baselineKb }: Measured): SoakResult['rss'] {
  const trend = sampler.memory.trend();
  return {
    ...sampler.rss,
    ...(baselineKb === undefined ? {} : { baselineKb }),
    ...(trend === undefined ? {} : { trend }),
  };
}

/** The kernel's own count is by inode for files, and by address for connects. */
function sideResult(work: SideWork, { before, after }: Measured): SideResult {
  const { counted } = work.subject;
  return work.result(
    'ip' in counted ? addressDelta(before, after, counted.ip) : inodeDelta(before, after, counted),
  );
}
