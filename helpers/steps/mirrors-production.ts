import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import {
  compareProfiles,
  type HostProfile,
  isUnreadable,
  parseProfile,
  readProfileSettings,
} from '../host/profile.ts';
import type { Settings } from '../settings/settings.ts';
import { counted } from '../text/counted.ts';
import { ownCommand } from '../text/own-command.ts';

/** The host has the settings of a production host that `npm run profile` recorded. */
export async function mirrorsProduction(settings: Settings): Promise<Judgement> {
  const { PRODUCTION_PROFILE: path, ATTEST_PRODUCTION_MATCH: value, productionProfile } = settings;
  if (path === undefined || productionProfile === undefined) {
    if (value !== undefined)
      return pass(`attested, not measured: ${value}`, { value, source: 'ATTEST_PRODUCTION_MATCH' });
    return inconclusive(
      `nothing says that this host mirrors production. Either record a profile on a production host with \`${ownCommand('profile', 'production.json')}\` and name it with PRODUCTION_PROFILE, or attest the match with ATTEST_PRODUCTION_MATCH="your name: what you compared", and the evidence records your statement, not a measurement`,
      { source: 'PRODUCTION_PROFILE' },
    );
  }
  let production: HostProfile;
  try {
    production = parseProfile(productionProfile, path);
  } catch (error) {
    return inconclusive(`the production profile cannot be used: ${(error as Error).message}`, {
      source: path,
    });
  }
  const here = await readProfileSettings(settings.HOST_ROOT);
  const source = `${path} (${production.hostname}, ${production.recordedAt})`;
  return judged(production.settings, here, source, production.hostname);
}

/** What cannot be compared is missing evidence, on either side; only two values can differ. */
function judged(
  production: Readonly<Record<string, string>>,
  here: Readonly<Record<string, string>>,
  source: string,
  hostname: string,
): Judgement {
  const compared = compareProfiles(production, here);
  const differences = compared.filter(({ setting }) =>
    [production[setting], here[setting]].every(
      (value) => value !== undefined && !isUnreadable(value),
    ),
  );
  const measured = { value: differences.length, limit: 0, unit: 'differences', source };
  if (differences.length > 0) {
    const texts = differences.map(
      (one) => `${one.setting}: production "${one.production}", here "${one.staging}"`,
    );
    return fail(
      `this host differs from production in ${counted(differences.length, 'setting')}: ${texts.join('; ')}`,
      measured,
    );
  }
  const equal = Object.entries(here).filter(([name, value]) => production[name] === value);
  const text = (name: string, there: string, staging: string) =>
    `${name} (production: ${there}; here: ${staging})`;
  const unknown = [
    ...compared.map((one) => text(one.setting, one.production, one.staging)),
    // Two reasons in the same words are no match either.
    ...equal.flatMap(([name, value]) => (isUnreadable(value) ? [text(name, value, value)] : [])),
  ];
  if (unknown.length > 0)
    return inconclusive(
      `${counted(unknown.length, 'setting')} cannot be compared, for a value was not read: ${unknown.join('; ')}. Record the profile again as root on the production host`,
      { value: unknown.length, limit: 0, unit: 'settings not compared', source },
    );
  return pass(`${counted(equal.length, 'setting')} are as on ${hostname}`, measured);
}
