import { timeSpanMs, unitList } from '../changes/unit-command.ts';
import type { UnitSetting } from '../changes/unit-file.ts';
import type { ReadUnit } from './unit-defect.ts';

/** By these another unit has it started (systemd.unit(5), [Install]). */
const WANTED = ['WantedBy', 'RequiredBy', 'UpheldBy'];
/** What systemd runs where the service ends (systemd.service(5)). */
const AT_ITS_END = ['ExecStop', 'ExecStopPost'];
const PATH_CONDITION = /^(Condition|Assert)(PathExists|PathIsDirectory|DirectoryNotEmpty)$/;

/**
 * Whether systemd has the agent run at all: from the boot on, on this host, and as long as the host runs (systemd.unit(5)).
 * @param isThere whether this host has a path.
 */
export function unitPresence(
  settings: readonly UnitSetting[],
  isThere: (path: string) => boolean,
): ReadUnit {
  const ofSection = (wanted: string) => settings.filter(({ section }) => section === wanted);
  const [service, install] = [ofSection('Service'), ofSection('Install')];
  const most = unitList(service, 'RuntimeMaxSec').at(-1);
  const mostMs = most === undefined ? undefined : timeSpanMs(most);
  const isEnded = mostMs !== undefined && Number.isFinite(mostMs) && mostMs > 0;
  const isWanted = WANTED.some((name) => unitList(install, name).length > 0);
  const { unmet, other } = conditions(ofSection('Unit'), isThere);
  return {
    found: [
      ...(unmet.length === 0
        ? []
        : [
            {
              defect: 'unit-does-not-start' as const,
              ...{ title: 'the unit does not start the agent', severity: 'critical' as const },
              detail: `${unmet.join(' and ')} does not hold on this host: systemd leaves the agent out, and nobody is told of a failure`,
            },
          ]),
      ...(isWanted
        ? []
        : [
            {
              defect: 'unit-not-at-boot' as const,
              ...{ title: 'no boot starts the agent', severity: 'high' as const },
              detail: `it has no ${WANTED.join('=, ')}= in [Install]: \`systemctl enable\` does nothing, and behind a reboot no agent runs`,
            },
          ]),
      ...(isEnded
        ? [
            {
              defect: 'unit-ends-agent' as const,
              ...{ title: 'systemd ends a healthy agent', severity: 'medium' as const },
              detail: `by RuntimeMaxSec=${most} systemd ends an agent that runs well, and nothing is denied until it has started the next one`,
            },
          ]
        : []),
    ],
    unknown: [
      ...(most !== undefined && mostMs === undefined
        ? [`RuntimeMaxSec=${most} cannot be read`]
        : []),
      ...AT_ITS_END.flatMap((name) =>
        unitList(service, name).map(
          (line) =>
            `by ${name}= systemd runs \`${line}\` where the agent ends, and what that does to its pins and rules no text tells (the unit of 0.10.0 has none)`,
        ),
      ),
    ],
    told: other.map((one) => `it starts the agent only where ${one} holds`),
  };
}

/** Conditions on paths that do not hold here, and others than on paths, of which nobody says whether they do. */
function conditions(unit: readonly UnitSetting[], isThere: (path: string) => boolean) {
  const all = unit.filter(({ name, value }) => /^(Condition|Assert)/.test(name) && value !== '');
  // `!` asks for the contrary, of those with `|` one is enough, and a specifier is none of ours.
  const isPlain = ({ name, value }: UnitSetting) =>
    PATH_CONDITION.test(name) && /^\/[^%]*$/.test(value);
  const written = ({ name, value }: UnitSetting) => `${name}=${value}`;
  return {
    unmet: all.filter((one) => isPlain(one) && !isThere(one.value)).map(written),
    other: all.filter((one) => !isPlain(one)).map(written),
  };
}
