import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import {
  compareProfiles,
  type HostProfile,
  isUnreadable,
  type ProfileDifference,
  parseProfile,
  readProfileSettings,
} from '../host/profile.ts';
import type { Settings } from '../settings/settings.ts';

/** The host has the settings of a production host that `npm run profile` recorded. */
export async function mirrorsProduction(settings: Settings): Promise<Judgement> {
  const { PRODUCTION_PROFILE: path, ATTEST_PRODUCTION_MATCH: attestation } = settings;
  const { productionProfile } = settings;
  if (path === undefined || productionProfile === undefined) {
    if (attestation !== undefined) {
      return pass(`attested, not measured: ${attestation}`, {
        value: attestation,
        source: 'ATTEST_PRODUCTION_MATCH',
      });
    }
    return inconclusive(
      'nothing says that this host mirrors production. Either record a profile on a production host with `npm run profile -- production.json` and name it with PRODUCTION_PROFILE, or attest the match with ATTEST_PRODUCTION_MATCH="your name: what you compared", which the evidence then carries as your word',
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

const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;

/** What cannot be compared is missing evidence, on either side; only two values can differ. */
function judged(
  production: Readonly<Record<string, string>>,
  here: Readonly<Record<string, string>>,
  source: string,
  hostname: string,
): Judgement {
  const isKnown = ({ setting }: ProfileDifference) =>
    [production[setting], here[setting]].every(
      (value) => value !== undefined && !isUnreadable(value),
    );
  const compared = compareProfiles(production, here);
  const differences = compared.filter(isKnown);
  if (differences.length > 0) {
    const texts = differences.map(
      ({ setting, production: there, staging }) =>
        `${setting}: production "${there}", here "${staging}"`,
    );
    return fail(
      `this host differs from production in ${plural(differences.length, 'setting')}: ${texts.join('; ')}`,
      { value: differences.length, limit: 0, unit: 'differences', source },
    );
  }
  const equal = Object.entries(here).filter(([name, value]) => production[name] === value);
  const unknown = [
    ...compared,
    // Two reasons in the same words are no match either.
    ...equal
      .filter(([, value]) => isUnreadable(value))
      .map(([setting, value]) => ({
        setting,
        production: value,
        staging: value,
      })),
  ];
  if (unknown.length > 0) {
    const texts = unknown.map(
      ({ setting, production: there, staging }) =>
        `${setting} (production: ${there}; here: ${staging})`,
    );
    return inconclusive(
      `${plural(unknown.length, 'setting')} cannot be compared, for a value was not read: ${texts.join('; ')}. Record the profile again as root on the production host`,
      { value: unknown.length, limit: 0, unit: 'settings not compared', source },
    );
  }
  return pass(`${plural(equal.length, 'setting')} are as on ${hostname}`, {
    value: 0,
    limit: 0,
    unit: 'differences',
    source,
  });
}
