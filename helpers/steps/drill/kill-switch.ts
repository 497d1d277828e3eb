import type { EmergencyStatus } from '../../agent/contract/emergency.ts';
import { scrapeEndpoint } from '../../agent/scrape.ts';
import { KILL_SWITCH_REASON } from '../../changes/undo-entry.ts';
import { judgeGauges, ofEmergency } from '../../coverage/gauges.ts';
import { fail, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { counted } from '../../text/counted.ts';
import { outcomeText, probeFile } from '../../workload/probe.ts';
import { emergencyStatus } from '../emergency-status.ts';
import { addedTo, judgeAdded, readControlLog, type Toggle } from './control-log.ts';
import type { DrillStage } from './stage.ts';
import { mustHave } from './usage.ts';

/** How long an event may take from the decision to our end of the pipe. */
const EVENT_WAIT_MS = 10_000;
const CONTROL_LOG = 'rollback/control-log.ndjson';
/** One each way. */
const TOGGLES = 2;
const source = 'aegisbpf emergency-status --json, probe process';

/** The kill switch: everything is let through and still seen, until it is ended. */
export class KillSwitch {
  readonly #stage: DrillStage;
  #journalId: string | undefined;
  /** What its status said when it was last asked for it. */
  #status: EmergencyStatus | undefined;
  /** What is wrong with the agent's record of each use, if anything. */
  readonly #records: (Judgement | undefined)[] = [];

  constructor(stage: DrillStage) {
    this.#stage = stage;
  }

  /** `emergency-disable`: denials stop at once, and the decisions are still made and reported. */
  async denialsStop(): Promise<Judgement> {
    const stage = this.#stage;
    await mustHave(stage, 'emergency-disable');
    await stage.runningAgent();
    // In the journal first: whatever ends this run now, the guardian enables again.
    this.#journalId = (await stage.run.journal()).record({ kind: 'emergency' });
    await this.#toggle('disable');
    const when = 'after emergency-disable';
    if (!(await this.#isBypassed())) return notActive(when);
    const judged = await this.#goesThrough(when);
    if (judged.verdict !== 'pass') return judged;
    return (await this.#isMistold()) ?? judged;
  }

  /** It is meant for the worst day, on which the agent is restarted as well. */
  async survivesRestart(): Promise<Judgement> {
    await this.#mustBeTried();
    await this.#stage.stopAgent();
    await this.#stage.startAgent({ name: 'disabled' });
    // By the open alone: what the agent says of its switch is asked where it does not go through.
    const when = 'after a restart of the agent';
    const judged = await this.#goesThrough(when);
    return judged.verdict === 'pass' || (await this.#isBypassed()) ? judged : notActive(when);
  }

  /** `emergency-enable`: the denials are back. */
  async denialsReturn(): Promise<Judgement> {
    const journalId = await this.#mustBeTried();
    const stage = this.#stage;
    await this.#toggle('enable');
    const before = transitions(this.#status);
    if (await this.#isBypassed()) {
      return fail('after emergency-enable the kill switch is still active in the kernel', {
        value: 'enabled=true',
        limit: 'enabled=false',
        source,
      });
    }
    const judged = await stage.shows('emergency-enable', 'baseline');
    if (judged.verdict !== 'pass') return judged;
    (await stage.run.journal('undo')).strike(journalId);
    const after = transitions(this.#status);
    if (before !== undefined && after !== undefined && after !== before + 1)
      return fail(
        `emergency-status counted ${counted(before, 'transition')} before emergency-enable, and ${after} after it`,
        { value: after - before, limit: 1, unit: 'transitions', source },
      );
    return (await this.#isMistold()) ?? judged;
  }

  /** Whoever asks later who let everything through, and why, has the agent's audit log alone. */
  async isRecorded(): Promise<Judgement> {
    await this.#mustBeTried();
    if (this.#records.length < TOGGLES)
      throw noEvidence('the kill switch was not moved both ways', { source: CONTROL_LOG });
    return (
      this.#records.find((wrong) => wrong !== undefined) ??
      pass(
        'emergency-disable and emergency-enable wrote one whole line each: the action, our user, our reason and the time',
        { value: TOGGLES, limit: TOGGLES, unit: 'lines', source: CONTROL_LOG },
      )
    );
  }

  async #toggle(action: Toggle['action']): Promise<void> {
    const { settings, directory } = this.#stage.run;
    const before = readControlLog(settings.HOST_ROOT);
    const begun = Date.now();
    await this.#stage.succeeds(`emergency-${action}`, '--reason', KILL_SWITCH_REASON);
    const ranMs = [begun, Date.now()] as const;
    const added = addedTo(before, readControlLog(settings.HOST_ROOT));
    directory.appendText(CONTROL_LOG, added ?? '');
    this.#records.push(judgeAdded(added, { action, reason: KILL_SWITCH_REASON, ranMs }));
  }

  async #mustBeTried(): Promise<string> {
    if (this.#journalId !== undefined) return this.#journalId;
    await mustHave(this.#stage, 'emergency-disable');
    throw noEvidence('emergency-disable was not tried');
  }

  /** An open of the denied file is let through, and told as one that would have been denied. */
  async #goesThrough(when: string): Promise<Judgement> {
    const { guarded, opens } = this.#stage.prepared();
    const { events } = this.#stage.agent();
    const decisions = events.watch(guarded);
    // Earlier steps put this file under load.
    decisions.keepAnew();
    const { environment } = this.#stage.run.candidate;
    const { outcome, signals, pid } = await probeFile(guarded, environment, 1, opens.started);
    const value = outcomeText(outcome);
    if (outcome.kind !== 'allowed' || signals > 0) {
      return fail(
        `${when} an open of the denied file was ${value} with ${counted(signals, 'signal')}, expected allowed without any`,
        { value, limit: 'allowed', source },
      );
    }
    const mine = () => decisions.first.filter((event) => event.pid === pid);
    await events.until(() => mine().length > 0, EVENT_WAIT_MS);
    const [event] = mine();
    if (event?.action !== 'AUDIT') {
      return fail(
        `${when} the open was let through ${event === undefined ? 'without an event' : `with an event that says ${event.action}`}, expected one that says AUDIT: what happens during the emergency must still be seen`,
        { value: event?.action ?? 'no event', limit: 'AUDIT', source: 'event stream' },
      );
    }
    return pass(
      `${when} the kill switch is active: an open of the denied file goes through, is not signalled and is reported as AUDIT`,
      { value, limit: 'allowed', source },
    );
  }

  /** Alerts on it rest on the agent's gauges. @returns what is wrong with them, if anything. */
  async #isMistold(): Promise<Judgement | undefined> {
    const scrape = await scrapeEndpoint(this.#stage.agent().metricsAddress);
    if (!scrape.ok || this.#status === undefined) return undefined;
    const { metrics, source: told } = scrape;
    const judged = judgeGauges([{ source: told, metrics, gauges: ofEmergency(this.#status) }]);
    return judged.verdict === 'pass' ? undefined : judged;
  }

  async #isBypassed(): Promise<boolean> {
    const status = await emergencyStatus(this.#stage.run);
    if (typeof status === 'string') throw noEvidence(status, { source });
    this.#status = status;
    return status.enabled;
  }
}

/** How often it was moved on this host, ever; undefined where no status was read. */
const transitions = (status: EmergencyStatus | undefined) =>
  status?.state_present === false ? 0 : status?.transitions_total;

const notActive = (when: string) =>
  fail(`${when} the kill switch is not active in the kernel`, {
    ...{ value: 'enabled=false', limit: 'enabled=true', source },
  });
