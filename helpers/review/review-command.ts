/**
 * `npm run review -- RUN_DIRECTORY [--reviewer NAME] [--policy FILE [--agent BINARY]]`: asks about each
 * group of decisions that nobody judged yet and writes the answers into `review.yaml`. Without a
 * terminal it lists them. With a policy it shows which groups that policy would still block.
 * Exit code 0: nothing is open. 1: something is. 2: there is no review to work on.
 */
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { RunDirectory } from '../evidence/run-directory.ts';
import { counted } from '../text/counted.ts';
import { ownCommand } from '../text/own-command.ts';
import { helpIfAsked } from '../text/usage.ts';
import { askAboutAll } from './ask.ts';
import { cleanText, groupText, type OpenGroup, openGroups } from './open-groups.ts';
import { REVIEW_FILE, readReview } from './review-file.ts';
import { whatIf, whatIfText } from './what-if.ts';

const USAGE = `usage: ${ownCommand('review', 'RUN_DIRECTORY')} [--reviewer NAME] [--policy FILE [--agent BINARY]]`;

helpIfAsked(`${USAGE}
Asks about each group of decisions that nobody judged yet and writes the answers into review.yaml; without a terminal it
lists them. With a policy it shows which groups that policy would still block.
Exit code 0: nothing is open; 1: something is; 2: there is no review to work on.`);

class CannotReview extends Error {}

function parsedArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: {
        reviewer: { type: 'string' },
        policy: { type: 'string' },
        agent: { type: 'string' },
      },
      allowPositionals: true,
    });
    const [directory, ...more] = positionals;
    if (directory === undefined || more.length > 0) throw new CannotReview(USAGE);
    return { run: new RunDirectory(resolve(directory)), ...values };
  } catch (error) {
    throw new CannotReview(
      error instanceof CannotReview ? USAGE : `${(error as Error).message}; ${USAGE}`,
    );
  }
}

async function stillOpen(run: RunDirectory, now: Date): Promise<readonly OpenGroup[]> {
  const state = readReview(run);
  if (!state.ok) throw new CannotReview(state.reason);
  return openGroups(run, state.groups, now);
}

function listText(open: readonly OpenGroup[]): string {
  const parts = open.map(
    (group) =>
      `${cleanText(group.entry.group)}: ${group.entry.verdict}, ${group.entry.severity}\n${groupText(group).replaceAll(/^/gm, '    ')}\n`,
  );
  return parts.join('\n');
}

function ending(run: RunDirectory, open: number): string {
  // The review of many hosts stands in a directory that is no run.
  const again = run.has('run.json')
    ? `judge again: CANARY_RUN=${run.path} npx vitest run canary/5-exit-criteria\n`
    : `judge the hosts again: ${ownCommand('fleet', '--review', run.file(REVIEW_FILE), 'RUN_DIRECTORY...')}\n`;
  return open === 0
    ? `nothing is open in ${run.file(REVIEW_FILE)}; ${again}`
    : `${counted(open, 'group')} still open; edit ${run.file(REVIEW_FILE)} (verdict, reviewer, date), then ${again}`;
}

// `npm run review -- … | head` reads what it wants and goes; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(1);
  throw error;
});

/** Who the reviewer probably is; behind sudo the person and not root. */
const probably = () => process.env.SUDO_USER || userInfo().username;

try {
  const { run, reviewer, policy, agent } = parsedArguments();
  const now = new Date();
  let open = await stillOpen(run, now);
  if (policy !== undefined)
    process.stdout.write(whatIfText(await whatIf(run, resolve(policy), agent)));
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  if (terminal && open.length > 0) {
    await askAboutAll(run, open, {
      reviewer: reviewer ?? probably(),
      today: now.toISOString().slice(0, 10),
    });
    open = await stillOpen(run, now);
  } else process.stdout.write(listText(open));
  process.stdout.write(ending(run, open.length));
  process.exitCode = open.length === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof Error)) throw error;
  process.stderr.write(`review: ${cleanText(error.message)}\n`);
  process.exitCode = 2;
}
