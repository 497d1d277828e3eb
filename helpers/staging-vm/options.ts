import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { isFile } from '../files/regular-file.ts';
import { wholeNumber } from '../settings/settings.ts';
import { ACCELERATOR_CHOICES, type AcceleratorChoice } from './accelerator.ts';
import { EXIT, StagingVmError } from './ending.ts';

const path = z
  .string()
  .min(1, 'expected a path')
  .transform((value) => resolve(value));
const file = path.refine(isFile, 'there is no such file');

/** deb-src-control(5): a package name; anything with a slash in it is a file. */
const kernel = z
  .string()
  .refine(
    (value) => (value.includes('/') ? isFile(value) : /^[a-z0-9][a-z0-9+.-]+$/.test(value)),
    'expected a Debian package name, or a file that is there (with a / in its path)',
  )
  .transform((value) => (value.includes('/') ? resolve(value) : value));

const schema = {
  kernel: z.array(kernel).prefault(['linux-image-cloud-amd64']),
  release: z
    .string()
    .regex(/^[a-z]+$/, 'expected the name of a Debian release')
    .prefault('bookworm'),
  // Debian's own list with bpf added; an empty list leaves the kernel's default.
  lsm: z
    .string()
    .regex(/^[a-z0-9,_]*$/, 'expected names of LSMs with commas between')
    .prefault('landlock,lockdown,yama,integrity,apparmor,bpf'),
  append: z
    .string()
    .regex(/^[^\p{Cc}]*$/u, 'expected kernel arguments on one line')
    .prefault(''),
  accelerator: z
    .enum(ACCELERATOR_CHOICES, { error: `expected ${ACCELERATOR_CHOICES.join(', ')}` })
    .prefault('auto'),
  memory: wholeNumber(512, 262_144, 'MB').prefault('2048'),
  cpus: wholeNumber(1, 64, 'processors').prefault('2'),
  disk: wholeNumber(256, 1_000_000, 'MB').prefault('4096'),
  timeout: wholeNumber(1, 604_800, 'seconds').prefault('1800'),
  cache: path.optional(),
  'guest-setup': file.optional(),
} as const;

type Name = keyof typeof schema;
const names = Object.keys(schema) as readonly Name[];

/** What one call of the tool asks for. Units are in the documentation of the flags. */
export interface Options {
  readonly kernels: readonly string[];
  readonly release: string;
  readonly lsm: string;
  readonly append: string;
  readonly accelerator: AcceleratorChoice;
  readonly memoryMb: number;
  readonly cpus: number;
  readonly freeDiskMb: number;
  readonly timeoutSeconds: number;
  readonly cache: string;
  readonly guestSetup: string | undefined;
  /** Empty: the canary. */
  readonly command: readonly string[];
}

interface RawOptions {
  readonly values: Readonly<Partial<Record<string, readonly string[]>>>;
  readonly command: readonly string[];
  readonly problems: readonly string[];
}

function rawOptions(argv: readonly string[]): RawOptions {
  const end = argv.indexOf('--');
  const values: Partial<Record<string, string[]>> = {};
  const problems: string[] = [];
  const { tokens } = parseArgs({
    args: end < 0 ? [...argv] : argv.slice(0, end),
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'positional')
      problems.push(`${JSON.stringify(token.value)}: put -- before the command`);
    if (token.kind !== 'option') continue;
    if (!names.some((name) => name === token.name))
      problems.push(`${token.rawName}: there is no such option`);
    else if (token.value === undefined) problems.push(`${token.rawName}: expected a value`);
    else values[token.name] = [...(values[token.name] ?? []), token.value];
  }
  return { values, command: end < 0 ? [] : argv.slice(end + 1), problems };
}

function defaultCache(environment: NodeJS.ProcessEnv): string {
  const base = environment.XDG_CACHE_HOME;
  return join(
    base === undefined || base === '' ? join(homedir(), '.cache') : base,
    'aegisbpf-canary/staging-vm',
  );
}

/** Reads the command line. @throws StagingVmError that names every bad option at once. */
export function readOptions(
  argv: readonly string[],
  environment: NodeJS.ProcessEnv,
  otherProblems: readonly string[] = [],
): Options {
  const { values, command, problems: first } = rawOptions(argv);
  const problems = [...first];
  const read = <T>(name: Name, type: z.ZodType<T>): T | undefined => {
    const given = values[name];
    const parsed = type.safeParse(name === 'kernel' ? given : given?.at(-1));
    if (parsed.success) return parsed.data;
    const why = [...new Set(parsed.error.issues.map(({ message }) => message))].join('; ');
    problems.push(`--${name} ${(given ?? []).map((one) => JSON.stringify(one)).join(' ')}: ${why}`);
    return undefined;
  };
  const cache = read('cache', schema.cache) ?? defaultCache(environment);
  if (existsSync(cache) && !statSync(cache).isDirectory())
    problems.push(`--cache ${JSON.stringify(cache)}: expected a directory`);
  const options = {
    kernels: [...new Set(read('kernel', schema.kernel) ?? [])],
    release: read('release', schema.release) ?? '',
    lsm: read('lsm', schema.lsm) ?? '',
    append: read('append', schema.append) ?? '',
    accelerator: read('accelerator', schema.accelerator) ?? 'auto',
    memoryMb: read('memory', schema.memory) ?? 0,
    cpus: read('cpus', schema.cpus) ?? 0,
    freeDiskMb: read('disk', schema.disk) ?? 0,
    timeoutSeconds: read('timeout', schema.timeout) ?? 0,
    cache,
    guestSetup: read('guest-setup', schema['guest-setup']),
    command,
  };
  const all = [...problems, ...otherProblems];
  if (all.length > 0) {
    const count = `${all.length} setting${all.length === 1 ? '' : 's'} cannot be used; nothing was started:`;
    throw new StagingVmError([count, ...all].join('\n  '), EXIT.usage);
  }
  return options;
}
