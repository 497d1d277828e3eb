import { parseCLI } from 'vitest/node';

/** Options that change nothing of what the runbook needs, or that its configuration holds against. */
const HARMLESS: readonly string[] = [
  ...['--', 'root', 'r', 'config', 'c', 'configLoader', 'run', 'color', 'clearScreen', 'help', 'h'],
  ...['reporter', 'reporters', 'outputFile', 'silent', 'hideSkippedTests', 'printConsoleTrace'],
  // Files in a process each instead of one: still one after the other.
  ...['isolate', 'cache', 'slowTestThreshold', 'logHeapUsage'],
];

/** What an option may say because the runbook says the same. */
const AS_THE_RUNBOOK: Readonly<Record<string, unknown>> = {
  pool: 'forks',
  fileParallelism: false,
  maxWorkers: 1,
  watch: false,
  retry: 0,
  repeats: 0,
  bail: 0,
};

/** Why not, where a person may well have expected that it works. */
const WHY: Readonly<Record<string, string>> = {
  testNamePattern: 'what is left out is not judged; choose with PHASE, or a file of canary/',
  shard: 'what is left out is not judged, and the host is one; choose with PHASE',
  bail: 'undoing and the exit criteria come last; the soak ends by itself when it cannot pass',
  retry: 'a step that is tried until it passes shows nothing',
  repeats: 'a step is judged once',
  pool: 'steps run in processes of their own',
  maxWorkers: 'the host is one, and steps run one after the other',
  fileParallelism: 'the host is one, and steps run one after the other',
  sequence: 'the runbook has an order',
  watch: 'a soak on a host never starts again because a file was saved',
};

/** How an option is called that has a short name too. */
const SHORT: Readonly<Record<string, string>> = { t: 'testNamePattern', p: 'project', w: 'watch' };

/** Commands of vitest that are no run of the runbook. */
const COMMANDS = ['bench', 'doctor', 'init'];

const dashed = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * Reads vitest's arguments as vitest does. @param argv what stands behind the program's name.
 * @returns whether `vitest list` only names the tests, and each option that the runbook cannot be run with.
 */
export function vitestCommand(argv: readonly string[]) {
  const { filter, options } = parseCLI(['vitest', ...argv], { allowUnknownOptions: true });
  const words = (text: string, list: readonly string[]) =>
    list.filter((word) => word === text).length;
  const isCommand = (word: string) => words(word, argv) > words(word, filter);
  const lists = isCommand('list');
  if (lists) return { lists, problems: [] };
  const commands = COMMANDS.filter(isCommand).map(
    (word) => `vitest ${word} does not run the runbook; use \`npx vitest run canary\``,
  );
  const lines = filter
    .filter((text) => /:\d+$/.test(text))
    .map((text) => `${text}: ${WHY.testNamePattern}; leave the line number out`);
  const names = new Set(Object.keys(options).map((name) => SHORT[name] ?? name));
  const problems = [...names].flatMap((name) => {
    const value: unknown = Reflect.get(options, name);
    if (HARMLESS.includes(name) || AS_THE_RUNBOOK[name] === value) return [];
    const option = name === 'testNamePattern' ? '-t' : `--${dashed(name)}`;
    return [
      `${option} cannot be used: ${WHY[name] ?? 'the runbook is not made for it'}; run without it`,
    ];
  });
  return { lists, problems: [...commands, ...lines, ...problems] };
}
