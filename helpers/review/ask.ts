import { cancel, intro, isCancel, note, outro, select, text } from '@clack/prompts';
import type { RunDirectory } from '../evidence/run-directory.ts';
import { SEVERITIES } from '../settings/known-events.ts';
import { counted } from '../text/counted.ts';
import type { OpenGroup } from './open-groups.ts';
import { cleanText, groupText } from './open-groups.ts';
import { type Answer, writeAnswer } from './review-file.ts';

/** Ctrl-C, or the choice to go on another time. */
class Stopped extends Error {}

function answered<T>(value: T): Exclude<T, symbol> {
  if (isCancel(value)) throw new Stopped();
  return value as Exclude<T, symbol>;
}

const notEmpty = (value: string | undefined) =>
  (value ?? '').trim() === '' ? 'required' : undefined;
const dayOrNothing = (value: string | undefined) =>
  /^(\d{4}-\d\d-\d\d)?$/.test(value ?? '') && !Number.isNaN(Date.parse(value || '2000-01-01'))
    ? undefined
    : 'expected a day as YYYY-MM-DD, or an empty line';
const dayNeeded = (value: string | undefined) => notEmpty(value) ?? dayOrNothing(value);

async function askText(
  message: string,
  validate: (value: string | undefined) => string | undefined,
  initialValue = '',
): Promise<string | null> {
  const value = answered(await text({ message, validate, initialValue }));
  const trimmed = value.trim();
  return trimmed === '' ? null : trimmed;
}

/** Of a critical false positive: without a resolution it fails the canary, and may well do so. */
async function askResolution(): Promise<Answer['resolution']> {
  const how = 'the host or the program was changed; the note says how';
  const choice = await select({
    message: 'A critical false positive. What happens with it?',
    options: [
      { value: 'none', label: 'unresolved: the canary fails', hint: 'fix the policy or the agent' },
      { value: 'resolved', label: 'resolved', hint: how },
      { value: 'accepted', label: 'accepted', hint: 'until a day that you name' },
    ] as const,
  });
  const resolution = answered(choice);
  return resolution === 'none' ? null : resolution;
}

async function askAbout(
  { entry }: OpenGroup,
  reviewer: string,
  today: string,
): Promise<Answer | undefined> {
  const verdict = answered(
    await select({
      message: `${cleanText(entry.group)}`,
      // The cursor starts where a hasty Enter decides nothing.
      options: [
        { value: 'later', label: 'leave it pending', hint: 'the canary stays inconclusive' },
        { value: 'legitimate', label: 'legitimate', hint: 'the policy is right to deny this' },
        { value: 'false-positive', label: 'false positive', hint: 'this should be allowed' },
        { value: 'stop', label: 'stop here', hint: 'answers so far are saved' },
      ] as const,
    }),
  );
  if (verdict === 'stop') throw new Stopped();
  if (verdict === 'later') return undefined;
  const severity = answered(
    await select({
      message: 'Severity',
      initialValue: verdict === 'legitimate' ? 'low' : entry.severity,
      options: SEVERITIES.map((value) => ({ value, label: value })),
    }),
  );
  const critical = verdict === 'false-positive' && severity === 'critical';
  const resolution = critical ? await askResolution() : null;
  const reason = await askText(
    resolution === null ? 'Note for the ticket (may be empty)' : 'Note (required): why, and how',
    resolution === null ? () => undefined : notEmpty,
  );
  const accepted = resolution === 'accepted';
  const expires = await askText(
    accepted ? 'Accepted until (YYYY-MM-DD)' : 'Valid until (YYYY-MM-DD; empty: no end)',
    accepted ? dayNeeded : dayOrNothing,
  );
  return { verdict, severity, resolution, note: reason, reviewer, date: today, expires };
}

/** Asks about each open group; each answer is in the file before the next question. */
export async function askAboutAll(
  run: RunDirectory,
  open: readonly OpenGroup[],
  options: { readonly reviewer: string; readonly today: string },
): Promise<void> {
  intro(`${counted(open.length, 'group')} to review in ${run.path}`);
  let written = 0;
  try {
    const reviewer = (await askText('Your name', notEmpty, options.reviewer)) ?? '';
    for (const [index, group] of open.entries()) {
      note(groupText(group), `${index + 1} of ${open.length}`);
      const answer = await askAbout(group, reviewer, options.today);
      if (answer === undefined) continue;
      writeAnswer(run, group.entry, answer);
      written += 1;
    }
    outro(`${counted(written, 'answer')} saved`);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    cancel(`stopped; ${counted(written, 'answer')} saved, the rest is pending`);
  }
}
