import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { isFile } from '../files/regular-file.ts';
import { wholeNumber } from '../settings/knobs.ts';
import { counted } from '../text/counted.ts';
import { EXIT, StagingVmError } from './ending.ts';

/** What may be asked for; `auto` is KVM where a guest runs on it. */
const ACCELERATOR_CHOICES = ['auto', 'kvm', 'tcg'] as const;

const path = z
  .string()
  .min(1, 'expected a path')
  .transform((value) => resolve(value));

/** deb-src-control(5): a package name; anything with a slash in it is a file. */
const kernel = z
  .string()
  .refine(
    (value) => (value.includes('/') ? isFile(value) : /^[a-z0-9][a-z0-9+.-]+$/.test(value)),
    'expected a Debian package name, or a file that is there (with a / in its path)',
  )
  .transform((value) => (value.includes('/') ? resolve(value) : value));

const schema = z.object({
  cache: path.refine((at) => !existsSync(at) || statSync(at).isDirectory(), 'expected a directory'),
  kernel: z.array(kernel).prefault(['linux-image-cloud-amd64']),
  release: z
    .string()
    .regex(/^[a-z]+$/, 'expected the name of a Debian release')
    .prefault('bookworm'),
  // Debian's own list with bpf added; an empty list leaves the kernel's default.
  lsm: z
    .string()
    .regex(/^[a-z0-9,_]*$/, 'expected comma-separated names of LSMs')
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
  'guest-setup': path.refine(isFile, 'there is no such file').optional(),
  'ssh-port': wholeNumber(1024, 65_535, 'a port').optional(),
  'ssh-key': path.refine(isFile, 'there is no such file').optional(),
});

const names = Object.keys(schema.shape);

/** What one call of the tool asks for. Units are in the documentation of the flags. */
export type Options = ReturnType<typeof readOptions>;

/** How the guest is logged in to. */
interface Login {
  /** On this machine's loopback. */
  readonly port: number;
  /** A file of public keys, as sshd(8) reads them. */
  readonly keys: string;
}

/** Why what is given for the login is none. */
function loginProblem(values: Partial<Record<string, string[]>>): string | undefined {
  const given = ['ssh-port', 'ssh-key'].filter((name) => values[name] !== undefined);
  if (given.length === 1) return '--ssh-port and --ssh-key: give both, or none';
  return given.length > 0 && new Set(values.kernel).size > 1
    ? '--ssh-port: one VM can have the port; give one kernel'
    : undefined;
}

/** Values of the options as given, the last one last, and what can be no option. */
function given(argv: readonly string[]): {
  values: Partial<Record<string, string[]>>;
  problems: string[];
} {
  const values: Partial<Record<string, string[]>> = {};
  const problems: string[] = [];
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'positional')
      problems.push(`${JSON.stringify(token.value)}: put -- before the command`);
    if (token.kind !== 'option') continue;
    if (!names.includes(token.name))
      problems.push(`${token.rawName}: there is no such option; --help lists them`);
    else if (token.value === undefined) problems.push(`${token.rawName}: expected a value`);
    else values[token.name] = [...(values[token.name] ?? []), token.value];
  }
  return { values, problems };
}

/** Reads the command line. @throws StagingVmError that names every bad option at once. */
export function readOptions(
  argv: readonly string[],
  environment: NodeJS.ProcessEnv,
  otherProblems: readonly string[] = [],
) {
  const end = argv.indexOf('--');
  const { values, problems } = given(end < 0 ? argv : argv.slice(0, end));
  const caches = environment.XDG_CACHE_HOME || join(homedir(), '.cache');
  values.cache ??= [join(caches, 'aegisbpf-canary/staging-vm')];
  const last = Object.entries(values).map(([name, all]) => [name, all?.at(-1)]);
  const parsed = schema.safeParse({ ...Object.fromEntries(last), kernel: values.kernel });
  const issues = Map.groupBy(parsed.error?.issues ?? [], ({ path }) => String(path[0]));
  for (const [name, wrong] of issues) {
    const why = [...new Set(wrong.map(({ message }) => message))].join('; ');
    const words = (values[name] ?? []).map((one) => JSON.stringify(one)).join(' ');
    problems.push(`--${name} ${words}: ${why}`);
  }
  const all = [...problems, loginProblem(values) ?? [], ...otherProblems].flat();
  if (!parsed.success || all.length > 0) {
    const count = `${counted(all.length, 'setting')} cannot be used; nothing was started:`;
    throw new StagingVmError([count, ...all].join('\n  '), EXIT.usage);
  }
  const { kernel, memory, disk, timeout, 'guest-setup': guestSetup, ...rest } = parsed.data;
  const { 'ssh-port': port, 'ssh-key': keys, ...others } = rest;
  const login: Login | undefined = port && keys ? { port, keys } : undefined;
  return {
    ...others,
    kernels: [...new Set(kernel)],
    memoryMb: memory,
    freeDiskMb: disk,
    timeoutSeconds: timeout,
    guestSetup,
    login,
    /** Empty: the canary, or with a login to wait for whoever logs in. */
    command: end < 0 ? [] : argv.slice(end + 1),
  };
}
