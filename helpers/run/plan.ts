/** `npm run plan`: what a run with these knobs would check and change, and how long it takes. It touches nothing. */
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CATALOGUE, SECTIONS, sectionTitle } from '../criteria/catalogue.ts';
import { inScope, notRequested } from '../criteria/scope.ts';
import { CannotBegin } from '../settings/cannot-begin.ts';
import type { Knobs } from '../settings/knobs.ts';
import {
  askedPhases,
  knobNames,
  type Phase,
  type Settings,
  SettingsError,
  settingsHere,
} from '../settings/settings.ts';
import { counted, inWords } from '../text/counted.ts';
import { inOneLine } from '../text/escaped-character.ts';
import { ownCommand } from '../text/own-command.ts';
import { helpIfAsked } from '../text/usage.ts';
import { type TeamConfiguration, teamConfiguration } from './team-configuration.ts';

helpIfAsked(`usage: ${ownCommand('plan')}
Shows what a run with these knobs would check and change on this host, how that is undone, and how long it takes. It reads the knobs, in the environment, in canary.config.yaml and in the vitest configuration here, and the files that they name. It runs the code of that configuration, and nothing else.`);

/** `--root DIRECTORY`, as vitest has it: where the vitest configuration is; the working directory where absent. */
function askedRoot(): string {
  const { root = '' } = parseArgs({ options: { root: { type: 'string' } } }).values;
  return resolve(root);
}

/** What each phase does to the host besides starting the agent (docs/decisions/1-a-guardian-undoes.md). */
const CHANGES: Readonly<Record<Phase, string>> = {
  audit: 'a folder of ours in PROBE_DIR, and deny rules on files in it',
  enforce: 'the same; the agent is stopped, started, and killed once',
  coverage:
    'one policy for a folder, a tmpfs, addresses, ports and three cgroups of ours; transient units of systemd; one of MANY_RULES rules, and some of one rule each; emergency-disable; a break-glass file for one start; a changed copy of the BPF object',
  cost: 'one policy of COST_RULES rules on files and addresses that nobody has; the agent is started and stopped for each block, and AEGIS_BIN_PREVIOUS as well, where it is set: then both are killed once a block',
  rollback:
    'policies of ours, some broken on purpose; emergency-disable; a transient unit of systemd; AEGIS_BIN_PREVIOUS, where it is set',
};

/** Knobs that are set, and where; the others have the defaults of docs/knobs.md. */
function knobsThatAreSet(settings: Settings): string[] {
  const names = knobNames.filter((name) => settings.setBy[name] !== undefined);
  if (names.length === 0) return [];
  const width = Math.max(...names.map((name) => name.length));
  const text = (name: keyof Knobs) => {
    const value = settings[name];
    return inOneLine(typeof value === 'string' ? value : JSON.stringify(value));
  };
  return [
    'knobs that are set',
    ...names.map((name) => `  ${name.padEnd(width)} ${text(name)}   ${settings.setBy[name]}`),
    '',
  ];
}

function checks(settings: Settings): string[] {
  const asked = askedPhases(settings);
  const lines = Object.keys(SECTIONS).flatMap((section) => {
    const all = CATALOGUE.filter((entry) => entry.section === section && inScope(entry.id, asked));
    const left = Map.groupBy(
      all.filter((entry) => notRequested(entry, settings) !== undefined),
      (entry) => notRequested(entry, settings),
    );
    const tried = all.length - [...left.values()].flat().length;
    if (all.length === 0) return [`  not asked for: ${sectionTitle(section)}`];
    if (tried === 0) return [...left.keys()].map((why) => `  ${why}: ${sectionTitle(section)}`);
    return [
      `  ${sectionTitle(section).padEnd(28)} ${counted(tried, 'criterion', 'criteria')}`,
      ...[...left].map(([why, of]) => `    ${of.map(({ id }) => id).join(', ')}: ${why}`),
    ];
  });
  return ['will be checked (docs/runbook.md says how)', ...lines];
}

/** Criteria of a team's own are known only once their files are run. */
function ofTeam(team: TeamConfiguration | undefined): string[] {
  if (team === undefined) return [];
  if (!('planned' in team))
    return [
      `  ${team.path} tells nothing of specs and workloads of your own, of profiles and of the agent: ${team.why}`,
    ];
  const { specs, workloads } = team.planned;
  return [
    ...specs.map(({ path, at }) => `  own spec ${inOneLine(relative('', path))}: ${at}`),
    ...workloads.map(
      (name) => `  own workload ${inOneLine(name)}: run as root through each soak, and judged`,
    ),
  ];
}

/** What is done with the operator's own, in the phases that do it. */
function ofOperator(settings: Settings): string[] {
  const asked = askedPhases(settings);
  const soaks = asked.filter((phase) => phase === 'audit' || phase === 'enforce');
  const applying = asked.filter((phase) => ['audit', 'enforce', 'coverage'].includes(phase));
  return [
    settings.CANDIDATE_POLICY !== undefined &&
      applying.length > 0 &&
      `CANDIDATE_POLICY: applied for ${inWords(applying)}, and removed`,
    settings.AGENT_UNIT !== undefined &&
      asked.includes('coverage') &&
      'AGENT_UNIT: a transient unit in coverage has its limits; it is neither installed nor started itself',
    settings.WORKLOAD_COMMAND !== undefined &&
      soaks.length > 0 &&
      `WORKLOAD_COMMAND: run as root through ${inWords(soaks)}`,
    settings.WORKLOAD_UNIT !== undefined &&
      soaks.length > 0 &&
      `WORKLOAD_UNIT: looked at through ${inWords(soaks)}, and never started, stopped or changed`,
    settings.COST_COMMAND !== undefined &&
      asked.includes('cost') &&
      'COST_COMMAND: run as root, once a block of cost',
    settings.DISPOSABLE_HOST &&
      asked.includes('coverage') &&
      "DISPOSABLE_HOST=1: rules for the whole host in coverage, and the agent's pins are removed",
  ].flatMap((line) => (line === false ? [] : [`  ${line}`]));
}

function changes(settings: Settings): string[] {
  const asked = askedPhases(settings);
  if (asked.length === 0) return ['will be changed on this host', '  nothing'];
  return [
    'will be changed on this host',
    ...asked.map((phase) => `  ${phase.padEnd(10)} ${CHANGES[phase]}`),
    ...ofOperator(settings),
    'and undone',
    '  each change is in /var/lib/aegisbpf-canary/journal.ndjson before it is made; a guardian process undoes it,',
    '  whatever ends the run, and the last exit criterion compares the host with what it was',
  ];
}

/** `51 s`, `5 min`, `5 min 5 s`. */
function clock(seconds: number): string {
  const [minutes, rest] = [Math.floor(seconds / 60), Math.ceil(seconds % 60)];
  return [...(minutes > 0 ? [`${minutes} min`] : []), ...(rest > 0 ? [`${rest} s`] : [])].join(' ');
}

/** Seconds of each phase that the knobs alone decide on. */
function secondsOf(phase: Phase, settings: Settings): number {
  if (phase === 'audit' || phase === 'enforce')
    return settings.DURATION_SECONDS + settings.SETTLE_SECONDS;
  // Those of each mode, of the previous version, and one without the agent before and after each; a soak of both versions takes as long.
  const kinds = settings.AEGIS_BIN_PREVIOUS === undefined ? 4 : 8;
  const seconds = ((kinds * settings.COST_BLOCKS + 1) * settings.COST_BLOCK_MS) / 1000;
  return phase === 'cost' ? seconds : 0;
}

function time(settings: Settings): string[] {
  const fixed = askedPhases(settings).flatMap((phase) => {
    const seconds = secondsOf(phase, settings);
    return seconds === 0 ? [] : [{ phase, seconds }];
  });
  const total = fixed.reduce((sum, { seconds }) => sum + seconds, 0);
  return [
    'will take',
    ...(total === 0
      ? []
      : [
          `  ${clock(total)} of soaks and measuring: ${fixed.map(({ phase, seconds }) => `${phase} ${clock(seconds)}`).join(', ')}`,
        ]),
    `  ${total === 0 ? '' : 'and '}the commands and starts of the agent, each of which takes about as long as \`aegisbpf health\` on this host;`,
    '  commands.ndjson and ticket-details.md of an earlier run show how many each phase needs, and how long they took',
  ];
}

/** @throws CannotBegin or SettingsError with everything that is in the way of a run by what is planned. */
function settingsOf(team: TeamConfiguration | undefined): Settings {
  const planned = team !== undefined && 'planned' in team ? team.planned : undefined;
  const problems = planned?.problems ?? [];
  const refused = (knobs: readonly string[]) => new CannotBegin([...problems, ...knobs].join('; '));
  try {
    const settings = settingsHere(planned?.byCode);
    if (problems.length > 0) throw refused([]);
    return settings;
  } catch (error) {
    if (!(error instanceof SettingsError) || problems.length === 0) throw error;
    throw refused(error.problems);
  }
}

/** Of parseArgs the last: an option that there is not. */
const SAID = [SettingsError, CannotBegin, TypeError];

try {
  const team = await teamConfiguration(askedRoot());
  const settings = settingsOf(team);
  const lines = [
    ...knobsThatAreSet(settings),
    ...checks(settings),
    ...ofTeam(team),
    '',
    ...changes(settings),
    '',
    ...time(settings),
  ];
  process.stdout.write(
    `${[...lines, '', `evidence: a new folder in ${settings.OUT_DIR}`].join('\n')}\n`,
  );
} catch (error) {
  if (!SAID.some((kind) => error instanceof kind)) throw error;
  process.stderr.write(`plan: ${(error as Error).message}\n`);
  process.exitCode = 2;
}
