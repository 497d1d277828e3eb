/**
 * `npm run report -- [RUN_DIRECTORY]`: makes one self-contained page of a run's Allure results, for
 * the change ticket, beside the run directory: what is in that is sealed. Without an argument it takes the newest run below OUT_DIR.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ExecaError, execa } from 'execa';
import { dirSync } from 'tmp';
import { RunDirectory } from '../helpers/evidence/run-directory.ts';
import { readRunRecord, UnreadableRun } from '../helpers/evidence/run-record.ts';
import { runVerdict } from '../helpers/evidence/verdict.ts';
import { SettingsError, settingsHere } from '../helpers/settings/settings.ts';
import { helpIfAsked } from '../helpers/text/usage.ts';
import { pageOfRun } from './allure-html.ts';
import { reportTitle } from './records.ts';
import { heading } from './ticket.ts';

const USAGE = 'usage: npm run report -- [RUN_DIRECTORY]';

helpIfAsked(`${USAGE}
Writes RUN_DIRECTORY.html, one page of the run for the change ticket. Without an argument it takes the newest run below OUT_DIR.`);

/** What a mail server takes by default (postconf(5), message_size_limit), a third of which is base64. */
const MAX_BYTES = 7 * 1024 * 1024;

/** What is in the way of a page, in one line for the person who asked for it. */
class NoPage extends Error {}

function newestRun(outDir: string): string {
  const names = existsSync(outDir) ? readdirSync(outDir).sort() : [];
  const newest = names.findLast((name) => existsSync(join(outDir, name, 'run.json')));
  if (newest === undefined)
    throw new NoPage(`there is no run below ${outDir}; name one: npm run report -- RUN_DIRECTORY`);
  return join(outDir, newest);
}

/** The title of the page: what it is of, and how it ended. */
function pageTitle(path: string): string {
  const directory = new RunDirectory(path);
  const run = readRunRecord(directory);
  if (run === undefined)
    throw new NoPage(`${path} is not the directory of a run: no run.json; name one below OUT_DIR`);
  if (!existsSync(join(path, 'allure-results')))
    throw new NoPage(
      `${path} has no allure-results: the run was cut short; start it again, or read ${join(path, 'canary.log')}`,
    );
  return `${reportTitle(run)}: ${heading(runVerdict(directory, run))}`;
}

async function generate(path: string, title: string, output: string): Promise<void> {
  const cli = join(import.meta.dirname, '../node_modules/allure/cli.js');
  if (!existsSync(cli)) throw new NoPage('the allure package is not installed: run npm ci');
  const config = join(import.meta.dirname, 'allurerc.json');
  const options = ['--single-file', '--report-language', 'en', '--group-by', 'feature'];
  options.push('--config', config, '--report-name', title, '--output', output);
  const args = [cli, 'awesome', join(path, 'allure-results'), ...options];
  // Away from the caller's folder, where Allure would look for files of its own.
  await execa(process.execPath, args, { cwd: output, stdin: 'ignore', timeout: 120_000 });
}

/** Writes `RUN_DIRECTORY.html` and returns where, and how large. */
async function writePage(path: string): Promise<{ page: string; bytes: number }> {
  const title = pageTitle(path);
  const scratch = dirSync({ unsafeCleanup: true, prefix: 'canary-report' });
  try {
    await generate(path, title, scratch.name);
    const html = pageOfRun(readFileSync(join(scratch.name, 'index.html'), 'utf8'));
    const page = `${path}.html`;
    const partial = `${page}.partial`;
    // A new file, and never through a link that somebody put there.
    rmSync(partial, { force: true });
    writeFileSync(partial, html, { mode: 0o640, flag: 'wx' });
    renameSync(partial, page);
    return { page, bytes: Buffer.byteLength(html) };
  } finally {
    scratch.removeCallback();
  }
}

/** One line of why, where the reason is known. */
function reason(error: unknown): string | undefined {
  if ([NoPage, SettingsError, UnreadableRun].some((known) => error instanceof known))
    return (error as Error).message;
  if (error instanceof ExecaError) return `${error.shortMessage}\n${error.stderr || error.stdout}`;
  if (error instanceof Error && 'code' in error) return error.message;
  return undefined;
}

try {
  const [named, ...more] = process.argv.slice(2);
  if (more.length > 0) throw new NoPage(USAGE);
  const path = named === undefined ? newestRun(settingsHere().OUT_DIR) : resolve(named);
  const { page, bytes } = await writePage(path);
  process.stdout.write(`${page} (${(bytes / 1024 / 1024).toFixed(1)} MiB)\n`);
  if (bytes > MAX_BYTES)
    process.stderr.write('report: larger than 7 MiB; mail servers and tickets may refuse it\n');
} catch (error) {
  const why = reason(error);
  if (why === undefined) throw error;
  process.stderr.write(`report: ${why}\n`);
  process.exitCode = 1;
}
