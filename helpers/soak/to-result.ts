import type { ReadyDaemon } from '../agent/daemon.ts';
import type { Decisions } from '../agent/stream/watched-decisions.ts';
import { elapsedBetween } from '../workload/clocks.ts';
import { counterChecks } from './counter-checks.ts';
import {
  DECISION_FAMILIES,
  DROP_FAMILIES,
  inodeDelta,
  portDelta,
  scrapeDelta,
} from './counters.ts';
import type { Measured } from './measured.ts';
import type { SideResult, SoakResult, Witness } from './result.ts';
import type { SideSubject } from './side-work.ts';
import type { SoakSubject } from './subject.ts';
import { merged } from './witness.ts';

/** What a soak showed, as `soak.json` keeps it. */
export function toResult(subject: SoakSubject, measured: Measured): SoakResult {
  const { daemon, settings, target, decisions } = subject;
  const { begun, ended, sampler, lines, loads } = measured;
  const victims = loads.victims.counts();
  const side = (name: SideSubject['name']) => {
    const at = subject.side.findIndex((one) => one.name === name);
    const [one, lines] = [subject.side[at], measured.sideLines[at]];
    return one === undefined || lines === undefined ? undefined : sideResult(one, lines, measured);
  };
  return {
    mode: daemon.mode,
    enforceSignal: settings.ENFORCE_SIGNAL,
    startedAt: new Date(begun.wall * 1000).toISOString(),
    endedAt: new Date(ended.wall * 1000).toISOString(),
    askedSeconds: settings.DURATION_SECONDS,
    ...elapsedBetween(begun, ended),
    endedEarly: measured.endedEarly,
    attempts: measured.counts,
    attemptsPerSecond: loads.main.attemptsPerSecond(),
    openLatencyUs: loads.main.latency(),
    operations: side('operations'),
    network: side('network'),
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
    decisions: scrapeDelta(measured, DECISION_FAMILIES),
    drops: scrapeDelta(measured, DROP_FAMILIES),
    ownDecisions: inodeDelta(measured, target),
    ownEventLines: lines.own,
    strangerEventLines: lines.all - lines.own,
    strangerLinesAtEdges: lines.atEdges,
    linesByAction: Object.fromEntries(decisions.byAction),
    hostDecisions: daemon.events.hostDecisions().reduce((sum, group) => sum + group.count, 0),
    rss: {
      ...sampler.resources.rss,
      baselineKb: measured.settled.baselineKb,
      trend: sampler.resources.memoryTrend(),
    },
    resources: sampler.resources.result(),
    idleCpuPercent: measured.settled.idleCpuPercent,
    written: measured.written,
    readyMs: daemon.startMs,
    samples: sampler.scrapes,
    telemetryDrops: sampler.telemetryDrops,
    agent: sampler.agent(),
    otherInstance: sampler.otherInstance,
    linesNotStored: daemon.events.notStored,
    witnesses: witnesses(subject, measured),
    execLines: execLines(subject, measured),
    counters: counterChecks({ ...measured, side: loads.side }, daemon),
    readings: [...measured.readings],
    ...reportedBy(daemon),
  };
}

/** The event lines on everything that was worked on. */
function witnesses(subject: SoakSubject, measured: Measured): Witness[] {
  const { daemon, target, decisions } = subject;
  const { counts, loads, lines } = measured;
  const made = counts.attempts + loads.victims.counts().attempts;
  const named = (counted: SideSubject['counted']) =>
    'port' in counted ? `port ${counted.port}` : `dev:ino ${counted.dev}:${counted.ino}`;
  const of = (
    what: { readonly subject: string; readonly counted: SideSubject['counted'] },
    missing: number,
    { owners, examination }: Decisions,
  ): Witness => {
    const part = { examination, misnamed: daemon.events.misnamedBy(owners) };
    const witness = merged({ subject: what.subject, named: named(what.counted) }, [part]);
    return { ...witness, missing: Math.max(0, missing) };
  };
  return [
    of({ subject: 'the soak file', counted: target }, made - lines.own, decisions),
    ...loads.side.map((work) => {
      const { isNetwork, counts, ownLines } = work;
      const { counted, decisions } = work.subject;
      const subject = isNetwork ? 'the denied port' : 'the file of the other routes';
      return of({ subject, counted }, counts.attempts - ownLines, decisions);
    }),
  ];
}

/** The lines of the start of our workers and their programs. */
function execLines({ decisions }: SoakSubject, { loads }: Measured): Witness {
  const all = [decisions, ...loads.side.map(({ subject }) => subject.decisions)];
  const parts = all.map(({ execLines: { examination } }) => ({ examination, misnamed: [] }));
  return { ...merged({ subject: 'starts of our programs', named: 'exec' }, parts), missing: 0 };
}

/** What the agent said of itself so far, and what of its words could not be read. */
export function reportedBy({
  events,
  log,
}: Pick<ReadyDaemon, 'events' | 'log'>): Pick<
  SoakResult,
  'stateChanges' | 'errors' | 'streamDefects'
> {
  return {
    stateChanges: events.stateChanges.map(({ state, reason_code }) => `${state}/${reason_code}`),
    errors: [...log.errors],
    streamDefects: { ...events.defects, samples: [...events.defects.samples] },
  };
}

const NO_ATTEMPTS: SideResult['attempts'] = {
  ...{ attempts: 0, allowed: 0, eperm: 0, signals: 0, skipped: 0 },
  otherErrno: {},
};

/** The kernel's own count is by inode for files, and by port for calls on sockets. */
function sideResult(
  subject: SideSubject,
  lines: Measured['lines'],
  measured: Measured,
): SideResult {
  const { task, decisions, counted, notRun, missing } = subject;
  const work = measured.loads.side.find((one) => one.subject === subject);
  return {
    target: task.target,
    ...{ notRun: [...notRun], missing: [...missing] },
    attempts: work?.counts ?? NO_ATTEMPTS,
    decisions:
      'port' in counted ? portDelta(measured, counted.port) : inodeDelta(measured, counted),
    lines: work?.ownLines ?? 0,
    linesByRoute: work?.linesByRoute ?? {},
    strangerLines: lines.all - lines.own,
    strangerLinesAtEdges: lines.atEdges,
    linesByAction: Object.fromEntries(decisions.byAction),
  };
}
