/**
 * `npm run fleet -- RUN…`: judges sealed runs of one candidate on many hosts together, and writes one verdict with its
 * documents into a new directory. Needs no root, and changes nothing else.
 * Exit code 0: every host passed; 1: one failed; 2: there is nothing to judge; 3: evidence is missing.
 */
import { existsSync, mkdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fleetResult } from '../helpers/evidence/fleet-summary.ts';
import { RunDirectory, runName } from '../helpers/evidence/run-directory.ts';
import { writeSeal } from '../helpers/evidence/seal.ts';
import { exitCodeOf } from '../helpers/evidence/verdict.ts';
import { CannotVerify, readPublicKey } from '../helpers/evidence/verify.ts';
import { type JudgedFleet, judgeFleet } from '../helpers/fleet/fleet.ts';
import { CannotBegin } from '../helpers/settings/cannot-begin.ts';
import { SettingsError, settingsHere } from '../helpers/settings/settings.ts';
import { signingKey } from '../helpers/settings/signing-key.ts';
import { inOneLine } from '../helpers/text/escaped-character.ts';
import { ownCommand } from '../helpers/text/own-command.ts';
import { helpIfAsked } from '../helpers/text/usage.ts';
import { fleetJunit } from './fleet-junit.ts';
import { fleetPage } from './fleet-page.ts';
import { fleetBecause, hostsInWords } from './fleet-tables.ts';
import { fleetTicket } from './fleet-ticket.ts';

const USAGE = `usage: ${ownCommand('fleet', 'RUN_DIRECTORY...')} [--hosts FILE] [--review FILE] [--key PUBLIC_KEY]... [--out DIRECTORY]`;

helpIfAsked(`${USAGE}
Judges sealed runs of one candidate on many hosts together (docs/fleet.md): fleet.md, fleet.html, junit.xml, summary.json and
review.yaml in a new directory (below OUT_DIR), sealed, and signed with SIGNING_KEY. It needs no root and changes nothing else.
  --hosts FILE   hosts that must have a run: on each line its name (uname -n), and perhaps a class
  --review FILE  a review.yaml that an earlier \`fleet\` wrote, with your verdicts
  --key FILE     public key; a run that no given key signed is no evidence
  --out DIR      the directory to make
Exit code 0: every host passed; 1: a host failed; 2: there is nothing to judge; 3: nothing failed, and evidence is missing.`);

function parsedArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: {
        hosts: { type: 'string' },
        review: { type: 'string' },
        out: { type: 'string' },
        key: { type: 'string', multiple: true, default: [] },
      },
      allowPositionals: true,
    });
    if (positionals.length === 0) throw new CannotBegin(USAGE);
    return { ...values, runs: positionals };
  } catch (error) {
    if (error instanceof CannotBegin) throw error;
    throw new CannotBegin(`${(error as Error).message}; ${USAGE}`);
  }
}

/** Each directory once, by where it really is. */
function distinct(paths: readonly string[]): string[] {
  const real = (path: string) => (existsSync(path) ? realpathSync(path) : resolve(path));
  return [...new Map(paths.map((path) => [real(path), resolve(path)])).values()];
}

/** Makes the directory in one step: whatever interrupts it leaves none that looks like one. */
async function write(target: string, fleet: JudgedFleet, key: ReturnType<typeof signingKey>) {
  if (existsSync(target)) throw new CannotBegin(`${target} is there already; name another --out`);
  mkdirSync(dirname(target), { recursive: true });
  const making = join(dirname(target), `.${basename(target)}.making-${process.pid}`);
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { mode: 0o750 });
  try {
    const directory = new RunDirectory(making);
    directory.writeText('fleet.md', fleetTicket(fleet.summary));
    directory.writeText('fleet.html', fleetPage(fleet.summary));
    for (const piece of fleetJunit(fleet)) directory.appendText('junit.xml', piece);
    directory.writeText('review.yaml', fleet.review);
    directory.writeJson('summary.json', fleet.summary);
    await writeSeal(directory, (hashes) => fleetResult(fleet.summary, hashes), key);
    renameSync(making, target);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function ending({ summary }: JudgedFleet, target: string): string {
  const because = fleetBecause(summary);
  const lines = [
    `${summary.status.toUpperCase()}: ${hostsInWords(summary)}`,
    ...(because === undefined ? [] : [`because: ${because}`]),
    ...summary.missingHosts.map((host) => `missing: no run of ${host}`),
    ...summary.refusedRuns.map(({ directory, why }) => `no evidence: ${directory}: ${why}`),
    ...(summary.review.open > 0
      ? [
          `review: judge ${join(target, 'review.yaml')}, then add --review ${join(target, 'review.yaml')}`,
        ]
      : []),
    `evidence: ${join(target, 'fleet.md')}, fleet.html, junit.xml, summary.json`,
  ];
  // Names come from whoever made the runs: nothing in them may move a terminal's cursor.
  return `${lines.map(inOneLine).join('\n')}\n`;
}

try {
  const { runs, key: paths, out, hosts, review } = parsedArguments();
  const { OUT_DIR, SIGNING_KEY } = settingsHere();
  const key = signingKey(SIGNING_KEY);
  const keys = paths.map(readPublicKey);
  const target = resolve(out ?? join(OUT_DIR, runName('fleet', new Date(), 'all', process.pid)));
  const onRun = (done: number) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${runs.length} runs `);
  };
  const fleet = await judgeFleet(distinct(runs), { hosts, review, keys, onRun });
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  await write(target, fleet, key);
  process.stdout.write(ending(fleet, target));
  process.exitCode = exitCodeOf(fleet.summary.status);
} catch (error) {
  const isKnown =
    [CannotBegin, CannotVerify, SettingsError].some((known) => error instanceof known) ||
    (error instanceof Error && 'code' in error);
  if (!isKnown) throw error;
  process.stderr.write(`fleet: ${inOneLine((error as Error).message)}\n`);
  process.exitCode = 2;
}
