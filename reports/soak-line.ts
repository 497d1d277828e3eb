import type { SoakProgress } from './sample-tail.ts';

/** Seconds as `mm:ss`, or `h:mm:ss` from an hour on. */
export function clock(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours === 0 ? rest : `${hours}:${rest}`;
}

const figure = (value: number | undefined) =>
  value === undefined ? '?' : Math.round(value).toLocaleString('en');

/** A counter's growth; a figure that is missing stays missing. */
function grown(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : to - from;
}

/** `audit 00:42/05:00  21,000 decisions  500/s  drops 0  denied 0  RSS 7.5 MB` */
export function soakLine(
  phase: 'audit' | 'enforce',
  { first, previous, latest }: SoakProgress,
  durationSeconds: number,
): string {
  const seconds = (latest.elapsedMs - previous.elapsedMs) / 1000;
  const decided = grown(previous.decisions, latest.decisions);
  const rate = decided === undefined || seconds <= 0 ? undefined : decided / seconds;
  // What must not happen: an audit that denies, an enforce that lets through.
  const wrong = phase === 'audit' ? `denied ${latest.denied}` : `misses ${latest.allowed}`;
  const rss = latest.rssKb === undefined ? '?' : (latest.rssKb / 1000).toFixed(1);
  return [
    `${phase} ${clock(latest.elapsedMs / 1000)}/${clock(durationSeconds)}`,
    `${figure(grown(first.decisions, latest.decisions))} decisions`,
    `${figure(rate)}/s`,
    `drops ${figure(grown(first.drops, latest.drops))}`,
    wrong,
    `RSS ${rss} MB`,
    ...(latest.scrapeError === undefined ? [] : ['no metrics']),
  ].join('  ');
}
