/** `npm run recover`: undoes what a run left behind when even its guardian was killed. */

import { ownCommand } from '../text/own-command.ts';
import { helpIfAsked } from '../text/usage.ts';
import { GuardianError, startGuardian } from './guardian-process.ts';

helpIfAsked(`usage: sudo ${ownCommand('recover')}
Undoes what a run left on this host, from its journal. Exit code 0: nothing is left; 1: something is; 2: it could not begin.`);

if (process.getuid?.() !== 0) {
  process.stderr.write('recovering needs root; nothing was touched\n');
  process.exit(2);
}
try {
  const since = new Date().toISOString();
  const holder = { pid: process.pid, since, runDirectory: ownCommand('recover') };
  const guardian = await startGuardian(holder, 'recover');
  await guardian.finish();
  const { undone, problems } = guardian.recovered;
  for (const text of undone) process.stdout.write(`undone: ${text}\n`);
  for (const text of problems) process.stdout.write(`NOT UNDONE: ${text}\n`);
  if (undone.length + problems.length === 0) process.stdout.write('nothing was left behind\n');
  process.exitCode = problems.length === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof GuardianError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
