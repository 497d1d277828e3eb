import type { RunDirectory } from '../evidence/run-directory.ts';
import { inOneLine } from '../text/escaped-character.ts';
import { standingOf } from './judge-review.ts';
import { entryKey, entryKeyOf, type RecordedGroup, recordedGroups } from './recorded-groups.ts';
import type { ReviewEntry } from './review-file.ts';

/** An entry that still needs somebody, with what was seen of it. */
export interface OpenGroup {
  readonly entry: ReviewEntry;
  /** The recorded groups behind it: one, or the first of a tail. */
  readonly seen: readonly RecordedGroup[];
}

/** Groups of a tail that are shown. */
const MOST_SEEN = 10;

/** Everything of a review that is not settled, in its order, with the evidence of each. */
export async function openGroups(
  run: RunDirectory,
  entries: readonly ReviewEntry[],
  now: Date,
): Promise<readonly OpenGroup[]> {
  const open = entries.filter((entry) => standingOf(entry, now) !== 'settled');
  const seen = new Map(open.map((entry) => [entryKey(entry), [] as RecordedGroup[]]));
  for await (const group of recordedGroups(run)) {
    const recorded = seen.get(entryKeyOf(group));
    if (recorded !== undefined && recorded.length < MOST_SEEN) recorded.push(group);
  }
  return open.map((entry) => ({ entry, seen: seen.get(entryKey(entry)) ?? [] }));
}

const MOST_CHARACTERS = 400;

/** Text of anybody's program on one line, with nothing in it that a terminal would act on. */
export function cleanText(text: string): string {
  const clean = inOneLine(text);
  return clean.length > MOST_CHARACTERS ? `${clean.slice(0, MOST_CHARACTERS)}…` : clean;
}

function factsOf({ process, parent, ...group }: RecordedGroup): string[] {
  const executable = process?.executable ?? '(ended before it could be looked at)';
  return [
    `target      ${group.target} (${group.type})`,
    `program     ${group.program}${process?.executable === undefined ? ' ' : ', '}${executable}`,
    ...(process === undefined ? [] : [`command     ${process.commandLine}`]),
    ...(parent === undefined ? [] : [`started by  ${parent.commandLine}`]),
    `unit        ${group.unit}`,
    `action      ${group.action}`,
    ...group.examples.map((example) => `example     ${JSON.stringify(example)}`),
  ];
}

/** The evidence of a group, one fact a line. */
export function groupText({ entry, seen }: OpenGroup): string {
  const [only] = seen;
  const times = `${entry.count.toLocaleString('en')} decisions from ${entry.firstSeen} to ${entry.lastSeen} (${entry.phase})`;
  const facts =
    seen.length === 1 && only !== undefined
      ? factsOf(only)
      : seen.map(({ count, group }) => `${String(count).padStart(10)}  ${group}`);
  const enforce = entry.inEnforce === undefined ? [] : [`in enforce  ${entry.inEnforce}`];
  return [times, ...facts, ...enforce].map(cleanText).join('\n');
}
