import { lstatSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { readLocatedYaml } from '../files/located-yaml.ts';
import { readRegularFile } from '../files/regular-file.ts';
import { replaceable } from '../files/trusted-path.ts';
import { inOneLine } from '../text/escaped-character.ts';
import { quotedKnob } from './cannot-begin.ts';
import { type KnobFact, knobFacts } from './knob-facts.ts';
import { type Knobs, knobs, NO_CONFIGURATION } from './knobs.ts';
import { nearest } from './near-misses.ts';

const CONFIGURATION_FILE = 'canary.config.yaml';
const MISNAMED = 'canary.config.yml';

/** What a person says of one host and one run: a file that many hosts share does not speak for them. */
export const ENVIRONMENT_ALONE: readonly string[] = [
  'CANARY_CONFIG',
  'PROFILE',
  'CANARY_RUN',
  'ALLOW_UNSIGNED',
  'ALLOW_SIGKILL_CANARY',
  'ATTEST_PRODUCTION_MATCH',
  'DISPOSABLE_HOST',
] satisfies (keyof Knobs)[];

/** The configuration file of this run. */
export interface Configuration {
  readonly path: string;
  /** As it was when it was read; it is not read again. */
  readonly text: string;
  /** Which of its profiles was chosen. */
  readonly profile: string | undefined;
}

/** A value as the environment would have it, and where it stands: `canary.config.yaml:12:5`. */
interface FileValue {
  readonly value: string;
  readonly from: string;
}

/** What the file says for this run; nothing where there is none. */
interface FileKnobs {
  readonly configuration: Configuration | undefined;
  /** Those that can be used, by the knob's name. */
  readonly values: ReadonlyMap<string, FileValue>;
  readonly problems: readonly string[];
}

/** In YAML nothing behind the colon is an empty text here, for all values are read as texts. */
const emptyOr = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' || value === null ? {} : value), schema);

const value = z.union([z.string(), z.array(z.string())], {
  error: 'expected a value, or a list of values',
});
const named = z.record(z.string(), value, { error: 'expected knobs by their names' });
const profiles = z.record(z.string(), emptyOr(named), {
  error: 'expected profiles by their names',
});
const shape = emptyOr(z.object({ profiles: emptyOr(profiles).default({}) }).catchall(value));
type FileText = z.output<typeof shape>;

/** Text of the file, where it is root's to trust: it names programs that root runs. */
function trustedText(path: string): string {
  const why = replaceable(path);
  if (why !== undefined) throw new Error(`somebody else can replace it: ${why}`);
  return readRegularFile(path, ({ mode }) => {
    if ((mode & 0o002) !== 0) throw new Error('it is writable by all; `chmod o-w` it');
  });
}

/** The file of this run; one that is named must be there, one by the usual name may be. */
function pathOf(named: string | undefined, directory: string | undefined): string | undefined {
  if (named === NO_CONFIGURATION) return undefined;
  if (named) return resolve(named);
  if (directory === undefined) return undefined;
  const isThere = (name: string) =>
    lstatSync(join(directory, name), { throwIfNoEntry: false }) !== undefined;
  if (isThere(CONFIGURATION_FILE)) return join(directory, CONFIGURATION_FILE);
  if (isThere(MISNAMED))
    throw new Error(
      `${MISNAMED}: the configuration file is called ${CONFIGURATION_FILE}; rename it, or name it with CANARY_CONFIG`,
    );
  return undefined;
}

/** What the environment would have to say for the same. */
function asText(raw: string | readonly string[], kind: KnobFact['kind'], folder: string): string {
  const list = typeof raw === 'string' ? raw.split(/[,:]/) : raw;
  if (raw === 'null' || raw === '~' || raw === '') return '';
  if (kind === 'paths') return list.map((one) => resolve(folder, one)).join(',');
  if (typeof raw !== 'string') return kind === 'arguments' ? JSON.stringify(raw) : raw.join(',');
  if (kind === 'path') return resolve(folder, raw);
  return kind === 'switch' ? raw.replace(/^true$/, '1').replace(/^false$/, '0') : raw;
}

/** How the knobs that the file may set are read. */
const schemas: ReadonlyMap<string, z.ZodType> = new Map(
  Object.entries(knobs.shape).filter(([name]) => !ENVIRONMENT_ALONE.includes(name)),
);
const ofList: readonly KnobFact['kind'][] = ['arguments', 'list', 'paths'];

/** Why there is no such key. */
function unknownKey(name: string): string {
  if (ENVIRONMENT_ALONE.includes(name))
    return 'it is said of one host and one run, and stands in the environment alone';
  const meant = nearest(name, ['profiles', ...schemas.keys()]);
  return `there is no such knob; ${meant === undefined ? 'docs/knobs.md lists them all' : `did you mean ${meant}?`}`;
}

/** One entry of the file, or what is wrong with it. */
function readEntry(name: string, raw: string | readonly string[], folder: string) {
  const schema = schemas.get(name);
  if (schema === undefined) return { problem: `${inOneLine(name)}: ${unknownKey(name)}` };
  const kind = knobFacts.get(name)?.kind;
  const text = asText(raw, kind, folder);
  if (typeof raw !== 'string' && !ofList.includes(kind))
    return { problem: `${name}=${quotedKnob(text)}: expected one value, and no list` };
  const parsed = schema.safeParse(text === '' ? undefined : text);
  if (parsed.success) return { text };
  const why = parsed.error.issues.map(({ message }) => message).join('; ');
  return { problem: `${name}=${quotedKnob(text)}: ${why}` };
}

/** What stands somewhere for all hosts, and for each class of them. */
interface Source {
  readonly all: Readonly<Record<string, string | readonly string[]>>;
  readonly profiles: FileText['profiles'];
  /** Where relative paths begin. */
  readonly folder: string;
  placeOf(path: readonly string[]): string;
}

/** All that is said is checked, also in profiles of other hosts: it is reviewed once for all of them. */
function readLayers(sources: readonly Source[], profile: string | undefined) {
  const values = new Map<string, FileValue>();
  const problems: string[] = [];
  const layers = [
    ...sources.map(({ all, ...of }) => ({ ...of, at: [], entries: all, isOurs: true, words: '' })),
    // A class of hosts stands before all hosts, wherever each is named.
    ...sources.flatMap(({ profiles, ...of }) =>
      Object.entries(profiles).map(([name, entries]) => ({
        ...of,
        ...{ at: ['profiles', name], entries, isOurs: name === profile },
        words: ` (profile ${name})`,
      })),
    ),
  ];
  for (const { at, entries, isOurs, words, folder, placeOf } of layers)
    for (const [name, raw] of Object.entries(entries)) {
      const from = placeOf([...at, name]);
      const { problem, text } = readEntry(name, raw, folder);
      if (problem !== undefined) problems.push(`${from}: ${problem}`);
      else if (isOurs) values.set(name, { value: text, from: `${from}${words}` });
    }
  return { values, problems };
}

function profileProblem(
  profile: string | undefined,
  places: readonly string[],
  sources: readonly Source[],
) {
  const names = sources.flatMap(({ profiles }) => Object.keys(profiles));
  if (profile === undefined || names.includes(profile)) return [];
  const quoted = quotedKnob(profile);
  if (places.length === 0)
    return [
      `PROFILE=${quoted}: there is no ${CONFIGURATION_FILE} here that could have such a profile; name one with CANARY_CONFIG`,
    ];
  const meant = nearest(profile, names);
  const there = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
  return [
    `PROFILE=${quoted}: ${places.join(' and ')} has no such profile; ${meant === undefined ? there : `did you mean ${meant}?`}`,
  ];
}

/** What `setBy` says of what a team's vitest configuration sets. */
const BY_CODE = 'defineCanary';

/** Knobs by their names as code writes them; relative paths begin in `root`. */
export type KnobValues = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** What a team's vitest configuration says of knobs (`defineCanary`). */
export interface KnobsByCode {
  /** Where relative paths begin. */
  readonly folder: string;
  /** For all hosts. */
  readonly all?: KnobValues;
  /** For classes of hosts, of which PROFILE chooses one. */
  readonly profiles?: Readonly<Record<string, KnobValues>>;
}

const asFileHas = z.union([
  z.string(),
  z.number().transform(String),
  z.boolean().transform(String),
  z.array(z.string()),
]);
const byCode = z.object({
  all: z.record(z.string(), asFileHas).default({}),
  profiles: z.record(z.string(), z.record(z.string(), asFileHas)).default({}),
});

/** Code that a compiler has not seen may say anything. */
function sourceOfCode({ folder, ...said }: KnobsByCode): { source?: Source; problems: string[] } {
  const { data, error } = byCode.safeParse(said);
  if (data === undefined)
    return {
      problems: error.issues.map(
        ({ path }) =>
          `${BY_CODE}: ${inOneLine(path.join('.'))}: expected knobs by their names, each a text, a number, true, false or a list of texts`,
      ),
    };
  return { source: { ...data, folder, placeOf: () => BY_CODE }, problems: [] };
}

/** The file by the name that messages shall tell. @throws Error in one line when it cannot be used. */
function openFile(environment: Readonly<NodeJS.ProcessEnv>, directory: string | undefined) {
  const name = environment.CANARY_CONFIG || CONFIGURATION_FILE;
  const path = pathOf(environment.CANARY_CONFIG, directory);
  if (path === undefined) return undefined;
  try {
    return { name, path, text: trustedText(path) };
  } catch (error) {
    throw new Error(`${name}: it cannot be used: ${(error as Error).message}`);
  }
}

/** The file, located, or why it cannot be used; nothing where there is none. */
function sourceOfFile(environment: Readonly<NodeJS.ProcessEnv>, directory: string | undefined) {
  let file: ReturnType<typeof openFile>;
  try {
    file = openFile(environment, directory);
  } catch (error) {
    return { problems: [(error as Error).message] };
  }
  if (file === undefined) return { problems: [] };
  const { name, path, text } = file;
  const configuration = { path, text, profile: environment.PROFILE || undefined };
  const read = readLocatedYaml(name, text, shape, { schema: 'failsafe' });
  if (!read.ok) return { configuration, problems: read.problems };
  const { profiles, ...all } = read.value;
  const source: Source = { all, profiles, folder: dirname(path), placeOf: read.placeOf };
  return { name, configuration, source, problems: [] };
}

/**
 * Reads CANARY_CONFIG, or `canary.config.yaml` where it is there, and what a team's vitest configuration says of knobs. Values of the
 * chosen profile stand before those of all hosts, and those of the file before those of code.
 * @param directory where the file is looked for by its usual name; nowhere where absent.
 */
export function readConfiguration(
  environment: Readonly<NodeJS.ProcessEnv>,
  directory: string | undefined,
  code?: KnobsByCode,
): FileKnobs {
  const file = sourceOfFile(environment, directory);
  const coded = code === undefined ? { problems: [] } : sourceOfCode(code);
  const { configuration } = file;
  const broken = [...file.problems, ...coded.problems];
  if (broken.length > 0) return { configuration, values: new Map(), problems: broken };
  const sources = [coded.source, file.source].filter((source) => source !== undefined);
  const profile = environment.PROFILE || undefined;
  const { values, problems } = readLayers(sources, profile);
  const places = [file.name, code?.profiles && BY_CODE].filter((name) => name !== undefined);
  const unknown = profileProblem(profile, places, sources);
  return { configuration, values, problems: [...unknown, ...problems] };
}
