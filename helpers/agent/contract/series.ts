import { quote } from './parsed.ts';

/** Labels of one series by name. */
export type Labels = Readonly<Record<string, string>>;

/** Order of labels does not matter in the format, so it must not in the key. */
export function seriesKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A series as the format writes it, cut for a message. */
export function seriesText(name: string, labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${quote(value)}`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
}
