import type { UnitSetting } from './unit-file.ts';

/** Variables that a service is started with, as far as its unit and the files that it names tell. */
export interface UnitVariables {
  readonly values: ReadonlyMap<string, string>;
  /** Why others may be set besides; absent where nobody else sets any. */
  readonly unknown?: string;
}

/** What a unit starts. */
export interface StartedCommand {
  /** Its words as the program gets them. */
  readonly words: readonly string[];
  /** A failure of it counts as success (systemd.service(5), the prefix `-`). */
  readonly isForgiven: boolean;
  /** Why a word may be another one, or there may be more; absent where that cannot be. */
  readonly unknown?: string;
}

/** The values of a setting in their order; an empty one takes those before it away (systemd.syntax(7)). */
export function unitList(settings: readonly UnitSetting[], name: string): readonly string[] {
  const values = settings.filter((one) => one.name === name).map(({ value }) => value);
  return values.slice(values.lastIndexOf('') + 1);
}

/** The words of a line, without their quotes (systemd.syntax(7), Quoting). */
function unquoted(line: string): readonly string[] {
  const words = line.match(/(?:\\.|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s"'\\])+/g) ?? [];
  return words.map((word) =>
    word.replaceAll(
      /"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|\\(.)/g,
      (_, double?: string, single?: string, escaped?: string) =>
        escaped ?? (double ?? single ?? '').replaceAll(/\\(.)/g, '$1'),
    ),
  );
}

const ASSIGNMENT = /^([A-Za-z_]\w*)=(.*)$/s;

const assigned = (text: string): readonly (readonly [string, string])[] => {
  const [, name, value] = ASSIGNMENT.exec(text) ?? [];
  return name === undefined || value === undefined ? [] : [[name, value]];
};

/** What a file of variables sets (systemd.exec(5), EnvironmentFile=). */
function inFile(text: string): readonly (readonly [string, string])[] {
  return text
    .replaceAll(/\\\n/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !/^[#;]/.test(line))
    .flatMap(assigned)
    .map(([name, value]) => {
      const [, quote, inner] = /^(["'])(.*)\1$/.exec(value.trim()) ?? [];
      const plain = inner ?? value.trim();
      return [name, quote === "'" ? plain : plain.replaceAll(/\\(.)/g, '$1')] as const;
    });
}

/**
 * The variables of a service. Files stand behind `Environment=`, whichever comes first (systemd.exec(5)).
 * @param read the text of a file that the unit names; in words why nobody has it; `absent` where it is not there, and need not be.
 */
export function unitVariables(
  settings: readonly UnitSetting[],
  read: (
    path: string,
    mayBeAbsent: boolean,
  ) => { readonly text: string } | { readonly why: string } | 'absent',
): UnitVariables {
  const values = new Map(unitList(settings, 'Environment').flatMap(unquoted).flatMap(assigned));
  const unknown: string[] = [];
  for (const named of unitList(settings, 'EnvironmentFile')) {
    const path = named.replace(/^-/, '');
    const file = /[%*?[]/.test(path)
      ? { why: `EnvironmentFile=${named} is a pattern` }
      : read(path, named.startsWith('-'));
    if (file === 'absent') continue;
    if ('why' in file) unknown.push(file.why);
    else for (const [name, value] of inFile(file.text)) values.set(name, value);
  }
  for (const name of ['PassEnvironment', 'UnsetEnvironment', 'PAMName'])
    if (unitList(settings, name).length > 0) unknown.push(`the unit has ${name}=`);
  return unknown.length === 0 ? { values } : { values, unknown: unknown.join(', ') };
}

/**
 * What a line of `ExecStart=` starts. `$NAME` as a word of its own is as many words as its value has, `${NAME}` is always part of one,
 * and a variable that nobody sets is empty (systemd.service(5), Command lines).
 */
export function startedCommand(line: string, { values, unknown }: UnitVariables): StartedCommand {
  const [, prefixes = '', rest = ''] = /^([@:+!|-]*)(.*)$/s.exec(line) ?? [];
  const written = unquoted(rest);
  const plain = prefixes.includes('@') ? written.toSpliced(1, 1) : written;
  const open = new Set<string>();
  const valueNamed = (name: string): string => {
    const value = values.get(name);
    // A file that nobody has may set it, or set it again.
    if (unknown !== undefined) open.add(`$${name} is not known: ${unknown}`);
    return value ?? '';
  };
  const expanded = plain.flatMap((word) => {
    if (/%[^%]/.test(word)) open.add(`nobody knows what systemd makes of ${word}`);
    const [, whole] = /^\$([A-Za-z_]\w*)$/.exec(word) ?? [];
    if (whole !== undefined) return unquoted(valueNamed(whole));
    return [
      word.replaceAll(/\$\$|%%|\$\{([A-Za-z_]\w*)\}/g, (found, name?: string) =>
        name === undefined ? found.slice(1) : valueNamed(name),
      ),
    ];
  });
  return {
    words: prefixes.includes(':') ? plain : expanded,
    isForgiven: prefixes.includes('-'),
    ...(open.size === 0 ? {} : { unknown: [...open].join('; ') }),
  };
}

const UNITS_MS: readonly (readonly [RegExp, number])[] = [
  [/^(us|usec|µs)$/, 0.001],
  [/^(ms|msec)$/, 1],
  [/^(|s|sec|seconds?)$/, 1000],
  [/^(m|min|minutes?)$/, 60_000],
  [/^(h|hr|hours?)$/, 3_600_000],
  [/^(d|days?)$/, 86_400_000],
];

/** A time span in ms (systemd.time(7)); undefined for one that is not read here. */
export function timeSpanMs(text: string): number | undefined {
  if (text === 'infinity') return Number.POSITIVE_INFINITY;
  const parts = [...text.matchAll(/\s*(\d+(?:\.\d+)?)\s*([a-zµ]*)\s*/gy)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return undefined;
  const spans = parts.map(([, figure, unit = '']) => {
    const factor = UNITS_MS.find(([names]) => names.test(unit))?.[1];
    return factor === undefined ? Number.NaN : Number(figure) * factor;
  });
  const span = spans.reduce((sum, one) => sum + one, 0);
  return Number.isNaN(span) ? undefined : span;
}
