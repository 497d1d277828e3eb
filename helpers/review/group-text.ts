import { inOneLine } from '../text/escaped-character.ts';
import type { OpenGroup } from './open-groups.ts';
import type { RecordedGroup } from './recorded-groups.ts';

const MOST_CHARACTERS = 400;

/** Text of anybody's program on one line, with nothing in it that a terminal would act on. */
export function cleanText(text: string): string {
  const clean = inOneLine(text);
  return clean.length > MOST_CHARACTERS ? `${clean.slice(0, MOST_CHARACTERS)}…` : clean;
}

function program({ process, parent, program: name }: RecordedGroup): string[] {
  return [
    `program     ${name}${process?.executable === undefined ? ' (ended before it could be looked at)' : `, ${process.executable}`}`,
    ...(process === undefined ? [] : [`command     ${process.commandLine}`]),
    ...(parent === undefined ? [] : [`started by  ${parent.commandLine}`]),
  ];
}

function one(group: RecordedGroup): string[] {
  return [
    `target      ${group.target} (${group.type})`,
    ...program(group),
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
      ? one(only)
      : seen.map(({ count, group }) => `${String(count).padStart(10)}  ${group}`);
  return [times, ...facts].map(cleanText).join('\n');
}
