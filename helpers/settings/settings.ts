import { readRegularBytes, readRegularFile } from '../files/regular-file.ts';
import { counted } from '../text/counted.ts';
import { utf8Text } from '../text/utf8-text.ts';
import { type AgentUnit, readAgentUnit, variablesBeside } from './agent-unit.ts';
import { quotedKnob } from './cannot-begin.ts';
import { combinationProblems } from './combinations.ts';
import { type Configuration, type KnobsByCode, readConfiguration } from './configuration.ts';
import { type Knobs, knobs, NO_CONFIGURATION } from './knobs.ts';
import { type KnownDefects, readKnownDefects } from './known-defects.ts';
import { type KnownEvent, readKnownEvents } from './known-events.ts';
import { nearMisses } from './near-misses.ts';

/** What `setBy` says of a knob that stands in the environment. One that is empty there counts as unset, as `PHASE= npx vitest …` means. */
const ENVIRONMENT = 'environment';

/** What the operator's files said when the settings were read; they are not read again. */
interface OperatorsFiles {
  /** Findings that KNOWN_DEFECTS accepts. */
  readonly knownDefects: Readonly<KnownDefects>;
  /** Verdicts of an earlier release, from KNOWN_EVENTS. */
  readonly knownEvents: readonly KnownEvent[];
  /** The bytes of CANDIDATE_POLICY, in base64. */
  readonly candidatePolicy: string | undefined;
  /** AGENT_UNIT with its drop-ins. */
  readonly agentUnit: AgentUnit | undefined;
  /** The text of the file of variables beside it, as the package has one: `aegisbpf.env` beside `aegisbpf.service`. */
  readonly agentUnitVariables: string | undefined;
  /** The text of PRODUCTION_PROFILE; a run that is judged again needs none. */
  readonly productionProfile: string | undefined;
}

/** Where the knobs were set. */
interface Provenance {
  readonly configuration: Configuration | undefined;
  /** Of each that is set: `environment`, or its place in the file. The others have their defaults. */
  readonly setBy: Readonly<Record<string, string>>;
}

/** Every knob of the suite, parsed once and frozen. Units are in the names. */
export type Settings = Readonly<Knobs> & OperatorsFiles & Provenance;

/** The names of all knobs. */
export const knobNames = Object.keys(knobs.shape) as readonly (keyof Knobs)[];

/** What `readSettings` throws: every bad knob at once, one line each. */
export class SettingsError extends Error {
  readonly problems: readonly string[];
  /** The knobs and files that can be used, so that what else is in the way of a run is said at once. */
  readonly usable: Partial<Settings>;
  constructor(problems: readonly string[], usable: Partial<Settings> = {}) {
    super(
      `${counted(problems.length, 'knob')} cannot be used; nothing was touched:\n` +
        problems.map((problem) => `  ${problem}`).join('\n'),
    );
    this.name = 'SettingsError';
    this.problems = problems;
    this.usable = usable;
  }
}

/** Raw values of the knobs that are set, and by what: the environment stands before the file, and that before code. */
function rawKnobs(
  environment: Readonly<NodeJS.ProcessEnv>,
  file: ReturnType<typeof readConfiguration>,
) {
  const raw: Record<string, string> = {};
  const setBy: Record<string, string> = {};
  for (const name of knobNames) {
    const typed = environment[name];
    const { value, from } = typed
      ? { value: typed, from: ENVIRONMENT }
      : (file.values.get(name) ?? {});
    if (value === undefined || from === undefined || value === '') continue;
    raw[name] = value;
    setBy[name] = from;
  }
  return { raw, setBy };
}

function parseKnobs(raw: Readonly<Record<string, string>>) {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const name of knobNames) {
    const parsed = knobs.shape[name].safeParse(raw[name]);
    if (parsed.success) values[name] = parsed.data;
    else {
      const why = parsed.error.issues.map((issue) => issue.message).join('; ');
      problems.push(`${name}=${quotedKnob(raw[name])}: ${why}`);
    }
  }
  return { values: values as Partial<Knobs>, problems };
}

/** Reads the files that the knobs name, and says why where one cannot be used. */
function readFiles(values: Partial<Knobs>): { files: OperatorsFiles; problems: string[] } {
  const { KNOWN_EVENTS, CANARY_RUN } = values;
  const problems: string[] = [];
  const read = <T>(
    name: 'KNOWN_DEFECTS' | 'CANDIDATE_POLICY' | 'AGENT_UNIT' | 'PRODUCTION_PROFILE',
    reader: (path: string) => T,
    cannot = '',
  ): T | undefined => {
    const path = values[name];
    try {
      return path === undefined ? undefined : reader(path);
    } catch (error) {
      problems.push(`${name}=${quotedKnob(path)}: ${cannot}${(error as Error).message}`);
      return undefined;
    }
  };
  const knownDefects = read('KNOWN_DEFECTS', readKnownDefects) ?? [];
  const candidatePolicy = read('CANDIDATE_POLICY', policyBytes, 'it cannot be read: ');
  const agentUnit = read('AGENT_UNIT', readAgentUnit, 'it cannot be read: ');
  const agentUnitVariables = read(
    'AGENT_UNIT',
    variablesBeside,
    'the file of variables beside it cannot be read: ',
  );
  const unreadable = `${values.PRODUCTION_PROFILE} cannot be read: `;
  const productionProfile =
    CANARY_RUN === undefined ? read('PRODUCTION_PROFILE', readRegularFile, unreadable) : undefined;
  const events =
    KNOWN_EVENTS === undefined ? { ok: true as const, events: [] } : readKnownEvents(KNOWN_EVENTS);
  if (!events.ok) problems.push(...events.problems.map((problem) => `KNOWN_EVENTS: ${problem}`));
  const knownEvents = events.ok ? events.events : [];
  return {
    files: {
      ...{ knownDefects, knownEvents, candidatePolicy, productionProfile },
      ...{ agentUnit, agentUnitVariables },
    },
    problems,
  };
}

/** The agent gets the bytes that were there, whatever it makes of them. */
function policyBytes(path: string): string {
  const bytes = readRegularBytes(path);
  utf8Text(bytes);
  return bytes.toString('base64');
}

/** The knobs alone, as a run's record lists them. */
export function knobsOf(settings: Settings): Readonly<Knobs> {
  const { knownDefects, knownEvents, candidatePolicy, ...rest } = settings;
  const { agentUnit, agentUnitVariables, productionProfile, ...others } = rest;
  const { configuration, setBy, ...values } = others;
  return values;
}

/** The same settings, and nobody can change them: every process judges by the same. */
export function frozen(settings: Settings): Settings {
  for (const part of [...settings.knownDefects, ...settings.knownEvents]) Object.freeze(part);
  for (const value of Object.values(settings)) if (typeof value === 'object') Object.freeze(value);
  return Object.freeze(settings);
}

/** Says of a problem with a knob that the configuration file sets where that stands. */
export const located = (setBy: Readonly<Record<string, string>>) => (problem: string) => {
  const from = setBy[/^[A-Z_]+/.exec(problem)?.[0] ?? ''] ?? ENVIRONMENT;
  return from === ENVIRONMENT ? problem : `${from}: ${problem}`;
};

/**
 * Reads every knob from the environment and the configuration file, and the files that they name.
 * @param directory where `canary.config.yaml` is looked for; only CANARY_CONFIG names a file where absent.
 * @param byCode what counts where neither sets a knob.
 * @throws SettingsError naming every knob that cannot be used; nothing on the host is touched before.
 */
export function readSettings(
  environment: Readonly<NodeJS.ProcessEnv>,
  directory?: string,
  byCode?: KnobsByCode,
): Settings {
  const file = readConfiguration(environment, directory, byCode);
  const { raw, setBy } = rawKnobs(environment, file);
  const { values, problems } = parseKnobs(raw);
  const { files, problems: unusable } = readFiles(values);
  const { configuration } = file;
  const misspelt = nearMisses(environment, knobNames);
  const all = [
    ...misspelt,
    ...file.problems,
    ...[...problems, ...combinationProblems(values), ...unusable].map(located(setBy)),
  ];
  if (all.length > 0) throw new SettingsError(all, { ...values, ...files, configuration, setBy });
  return frozen({ ...knobs.parse(raw), ...files, configuration, setBy });
}

/** The environment with what the configuration file says of knobs in it, for a host that has no such file. */
export function withConfiguration(
  environment: Readonly<NodeJS.ProcessEnv>,
  directory?: string,
): NodeJS.ProcessEnv {
  const { raw } = rawKnobs(environment, readConfiguration(environment, directory));
  return { ...environment, ...raw, CANARY_CONFIG: NO_CONFIGURATION, PROFILE: '' };
}

/** Those of the command that somebody has typed here. @throws SettingsError as `readSettings` does. */
export const settingsHere = (byCode?: KnobsByCode): Settings =>
  readSettings(process.env, process.cwd(), byCode);

/** The phases that can be asked for, in their order. */
export const PHASES = ['audit', 'enforce', 'coverage', 'cost', 'rollback'] as const;
export type Phase = (typeof PHASES)[number];

/** The phases of the runbook that this run is asked for; none where it is for the preconditions alone. */
export function askedPhases({ PHASE }: Settings): readonly Phase[] {
  if (PHASE === 'preconditions') return [];
  return PHASE === 'all' ? PHASES : [PHASE];
}
