/** `npm run profile -- FILE`: records this host's settings, to be compared on a staging host. */
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { SettingsError, settingsHere } from '../settings/settings.ts';
import { ownCommand } from '../text/own-command.ts';
import { helpIfAsked } from '../text/usage.ts';
import { type HostProfile, isUnreadable, readProfileSettings } from './profile.ts';

const USAGE = `usage: ${ownCommand('profile', 'FILE.json')} (run it on a production host)`;

helpIfAsked(`${USAGE}
Writes this host's kernel, LSM, cgroup, bpffs and systemd settings to a new file, for PRODUCTION_PROFILE on a staging host.`);
const [path] = process.argv.slice(2);
if (path === undefined || process.argv.length > 3) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(2);
}
const settings = await readProfileSettings(hostRoot());
const profile: HostProfile = {
  schema: 1,
  recordedAt: new Date().toISOString(),
  hostname: hostname(),
  settings,
};
try {
  // Never over a file that is there: a profile is evidence, and a path may be a link.
  writeFileSync(path, `${JSON.stringify(profile, null, 2)}\n`, { flag: 'wx', mode: 0o644 });
} catch (error) {
  process.stderr.write(`the profile cannot be written: ${(error as Error).message}\n`);
  process.exit(1);
}
for (const [name, value] of Object.entries(settings)) process.stdout.write(`${name}: ${value}\n`);
for (const [name, value] of Object.entries(settings).filter(([, text]) => isUnreadable(text)))
  process.stderr.write(
    `warning: ${name} could not be read, so a staging host cannot be compared in it; record the profile again as root (${value})\n`,
  );
process.stdout.write(`written to ${path}; name it with PRODUCTION_PROFILE on the staging host\n`);

/** Ends the command where a knob cannot be used. */
function hostRoot(): string {
  try {
    return settingsHere().HOST_ROOT;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`profile: ${error.message}\n`);
    process.exit(2);
  }
}
