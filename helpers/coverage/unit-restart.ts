import { timeSpanMs, unitList } from '../changes/unit-command.ts';
import type { UnitSetting } from '../changes/unit-file.ts';

/** By these rules systemd starts nothing again that a signal has ended (systemd.service(5), Restart=). */
export const NOT_AFTER_A_KILL: readonly (string | undefined)[] = [
  'no',
  'on-success',
  'on-watchdog',
];

/** By these it starts nothing again that ended by itself, with whatever exit code. */
const NOT_AFTER_A_FAILURE = ['on-abnormal', 'on-abort'];
const RULES = [...NOT_AFTER_A_KILL, ...NOT_AFTER_A_FAILURE, 'on-failure', 'always'];

/** What systemd does where a unit says nothing (systemd.service(5), systemd-system.conf(5)). */
const BY_DEFAULT = {
  ...{ restart: 'no', restartSec: '100ms', steps: '0', mostDelay: 'infinity' },
  ...{ limitInterval: '10s', limitBurst: '5' },
};

/** Ends of an agent that nobody asked for: it was killed, it crashed, or it gave up with the exit code of a failure. */
const SIGNALS = ['SIGKILL', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV', 'SIGSYS'];
/** Its names are those of systemd.exec(5), Process Exit Codes. */
const FAILURE = { text: 'exit code 1', names: ['1', 'FAILURE'] };
const ENDS = [
  ...SIGNALS.map((text) => ({ text, names: [text, text.replace('SIG', '')] })),
  FAILURE,
];
type End = (typeof ENDS)[number];

/** When a unit starts its program again. */
export interface UnitRestart {
  readonly restart: string;
  readonly restartMs: number | undefined;
  /** The longest pause; that of RestartSec= where it does not grow. */
  readonly longestMs: number | undefined;
  /** So often in so many ms, and no more. */
  readonly starts: number;
  readonly startsMs: number | undefined;
}

/** @param isForgiven a failure of its command counts as success. @param mostGapMs without enforcement. */
export function unitRestart(
  settings: readonly UnitSetting[],
  isForgiven: boolean,
  mostGapMs: number,
): {
  readonly again: UnitRestart;
  /** Why a dead agent is not there again, or not in time. */
  readonly down: readonly string[];
  readonly unread: readonly string[];
} {
  const service = settings.filter(({ section }) => section === 'Service');
  // Older units have the limit on starts beside the others.
  const ofStarts = settings.filter(({ section }) => /^(Unit|Service)$/.test(section));
  const last = (from: readonly UnitSetting[], ...names: readonly string[]) =>
    from.findLast(({ name, value }) => names.includes(name) && value !== '')?.value;
  const restart = last(service, 'Restart') ?? BY_DEFAULT.restart;
  const restartSec = last(service, 'RestartSec') ?? BY_DEFAULT.restartSec;
  const steps = last(service, 'RestartSteps') ?? BY_DEFAULT.steps;
  const mostDelay = last(service, 'RestartMaxDelaySec') ?? BY_DEFAULT.mostDelay;
  const interval =
    last(ofStarts, 'StartLimitIntervalSec', 'StartLimitInterval') ?? BY_DEFAULT.limitInterval;
  const burst = last(ofStarts, 'StartLimitBurst') ?? BY_DEFAULT.limitBurst;
  const restartMs = timeSpanMs(restartSec);
  const mostDelayMs = timeSpanMs(mostDelay);
  // It grows by these together, from no pause it does not, and systemd before version 254 knows neither (systemd.service(5)).
  const grows = Number(steps) > 0 && mostDelayMs !== Number.POSITIVE_INFINITY && restartMs !== 0;
  const longestMs = grows ? Math.max(restartMs ?? 0, mostDelayMs ?? 0) : restartMs;
  const starts = Number(burst);
  const startsMs = timeSpanMs(interval);
  const pause = grows ? `RestartSteps=${steps} to ${mostDelay}` : `RestartSec=${restartSec}`;
  return {
    again: { restart, restartMs, longestMs, starts, startsMs },
    down: [
      ...leftDown(service, restart, isForgiven),
      // The first start counts as well (systemd.unit(5)).
      ...(starts < 2 && (startsMs ?? 0) > (restartMs ?? 0)
        ? [`StartLimitBurst=${starts} in ${interval}: a start is the last one of that time`]
        : []),
      ...((longestMs ?? 0) > mostGapMs
        ? [`${pause}: MAX_RESTART_GAP_MS allows ${mostGapMs} ms without enforcement`]
        : []),
    ],
    unread: [
      ...(RULES.includes(restart) ? [] : [`Restart=${restart}`]),
      ...(restartMs === undefined ? [`RestartSec=${restartSec}`] : []),
      ...(mostDelayMs === undefined ? [`RestartMaxDelaySec=${mostDelay}`] : []),
      ...(Number.isSafeInteger(Number(steps)) ? [] : [`RestartSteps=${steps}`]),
      ...(startsMs === undefined ? [`StartLimitIntervalSec=${interval}`] : []),
      ...(Number.isSafeInteger(starts) ? [] : [`StartLimitBurst=${burst}`]),
    ],
  };
}

/** Why systemd does not start it again, each with the ends by which that is so (systemd.service(5), Restart= and RestartPreventExitStatus=). */
function leftDown(
  service: readonly UnitSetting[],
  restart: string,
  isForgiven: boolean,
): readonly string[] {
  const listed = (name: string) => {
    const words = new Set(unitList(service, name).flatMap((value) => value.split(/\s+/)));
    return ({ names }: End) => names.some((one) => words.has(one));
  };
  const isPrevented = listed('RestartPreventExitStatus');
  const isForced = listed('RestartForceExitStatus');
  const isSuccess = listed('SuccessExitStatus');
  const why = (end: End): string | undefined => {
    if (isPrevented(end)) return 'RestartPreventExitStatus= keeps systemd from starting it again';
    if (isForced(end) || restart === 'always') return undefined;
    const success = isSuccess(end)
      ? 'SuccessExitStatus='
      : isForgiven
        ? 'the `-` before its command'
        : undefined;
    if (restart === 'on-success' && success !== undefined) return undefined;
    if (NOT_AFTER_A_KILL.includes(restart))
      return `Restart=${restart} starts nothing again that has died`;
    if (success !== undefined)
      return `by ${success} systemd takes a death for success, and Restart=${restart} starts it no more`;
    return end === FAILURE && NOT_AFTER_A_FAILURE.includes(restart)
      ? `Restart=${restart} starts nothing again that ended by itself`
      : undefined;
  };
  const ends = Map.groupBy(ENDS, why);
  return [...ends].flatMap(([reason, of]) => {
    if (reason === undefined) return [];
    const which = of.length === ENDS.length ? '' : ` (${of.map(({ text }) => text).join(', ')})`;
    return [`${reason}${which}`];
  });
}
