import { readFileSync } from 'node:fs';

/** The host's clocks at one moment, in seconds. */
export interface Clocks {
  readonly wall: number;
  /** Stands still while the host sleeps. */
  readonly monotonic: number;
  /** CLOCK_BOOTTIME: goes on while the host sleeps (proc_uptime(5)). */
  readonly boot: number;
}

/** The clocks may drift apart by NTP slewing; a jump or a suspend is far more. */
const CLOCK_TOLERANCE_SECONDS = 2;

export function readClocks(): Clocks {
  return {
    wall: Date.now() / 1000,
    monotonic: performance.now() / 1000,
    boot: Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]),
  };
}

/** How long something took, by each clock, in seconds. */
export const elapsedBetween = (begun: Clocks, ended: Clocks) => ({
  measuredSeconds: ended.monotonic - begun.monotonic,
  wallSeconds: ended.wall - begun.wall,
  bootSeconds: ended.boot - begun.boot,
});

/** A suspend or a jump that makes times and rates worthless, in words; undefined without one. */
export function clockProblem(elapsed: ReturnType<typeof elapsedBetween>): string | undefined {
  const { measuredSeconds, wallSeconds, bootSeconds } = elapsed;
  const slept = bootSeconds - measuredSeconds;
  if (slept > CLOCK_TOLERANCE_SECONDS) {
    return `the host was suspended for ${slept.toFixed(1)} s during the soak; run again on a host that stays awake`;
  }
  const jump = wallSeconds - bootSeconds;
  if (Math.abs(jump) > CLOCK_TOLERANCE_SECONDS) {
    return `the host's clock jumped by ${jump.toFixed(1)} s during the soak, so times and rates cannot be trusted; fix the clock and run again`;
  }
  return undefined;
}
