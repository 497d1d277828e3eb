import type { Scrape } from '../agent/scrape.ts';
import type { Others } from '../soak/measured.ts';
import type { Watermark } from './watermark.ts';

/** How long the line of a decision may be under way that the scrape counts already. */
const UNDER_WAY_MS = 1000;

/** A scrape, and the event lines of others when it began and when no more of its decisions came. */
export interface CountedScrape {
  readonly scrape: Scrape;
  readonly begun: Others;
  readonly ended: Others;
}

/** Takes a scrape between two counts of others' lines: nobody knows at which moment it reads the counters. */
export async function countedScrape(
  take: () => Promise<Scrape>,
  others: () => Others,
  watermark: Watermark,
): Promise<CountedScrape> {
  const begun = others();
  const scrape = await take();
  await watermark.passed(UNDER_WAY_MS);
  return { scrape, begun, ended: others() };
}

/** How many decisions of others the counters may have grown by between two scrapes. */
export function othersBetween(before: CountedScrape, after: CountedScrape, family: keyof Others) {
  const most = after.ended[family] - before.begun[family];
  // A line may be under way at either end; where there are no others there is none.
  const atEdges = most === 0 ? 0 : 2;
  const least = after.begun[family] - before.ended[family] - atEdges;
  return { least: Math.max(0, least), most: most + atEdges };
}
