/**
 * The process of a team's own workload: it imports the module that exports it, starts it, and tells by IPC what it has done. It
 * ends when it is asked to, or nobody is left to ask; the agent's signals end it like any program.
 */
import { exportedWorkload } from './own-workload.ts';

const REPORT_MS = 500;

const [module = '', name = ''] = process.argv.slice(2);
process.on('disconnect', () => process.exit(1));
process.on('uncaughtException', (error) => {
  // The reason last: of what it writes the end is told.
  process.stderr.write(`${error.stack ?? ''}\n\n${String(error)}\n`);
  process.exit(1);
});

const own = exportedWorkload(await import(module), name);
await own.start();

let isStopping = false;
async function report(): Promise<void> {
  process.send?.({ pid: process.pid, ...(await own.counts()) });
}

async function reportAgainAndAgain(): Promise<void> {
  await report();
  if (!isStopping) setTimeout(reportAgainAndAgain, REPORT_MS);
}

process.on('message', async () => {
  isStopping = true;
  await own.stop();
  await report();
  process.exit(0);
});
await reportAgainAndAgain();
