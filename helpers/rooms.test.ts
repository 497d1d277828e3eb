import { spawnSync } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

const PROJECT = join(import.meta.dirname, '..');
const text = (name: string) => readFileSync(join(PROJECT, name), 'utf8');

const override = z.object({
  includes: z.array(z.string()),
  linter: z.object({
    rules: z.object({
      style: z.object({
        noRestrictedImports: z.object({
          options: z.object({ patterns: z.tuple([z.object({ group: z.array(z.string()) })]) }),
        }),
      }),
    }),
  }),
});

/** What the linter refuses for files below a folder. */
const refused = new Map(
  z
    .object({ overrides: z.array(override) })
    .parse(JSON.parse(text('.biome.json')))
    .overrides.flatMap(({ includes, linter }) =>
      includes.map((folder): [string, readonly string[]] => [
        folder.replace(/\/\*\*$/, ''),
        linter.rules.style.noRestrictedImports.options.patterns[0].group,
      ]),
    ),
);

/** The rooms that the linter refuses for files below a folder, whatever it excepts of them. */
const refusedRooms = (folder: string) =>
  refused
    .get(folder)
    ?.filter((pattern) => !pattern.startsWith('!'))
    .sort();

/** The rooms of which the linter lets some files pass. */
const exceptedRooms = (folder: string) =>
  new Set(
    refused.get(folder)?.flatMap((pattern) => /^!\*\*\/(.+)\/[^/]+$/.exec(pattern)?.[1] ?? []),
  );

const picture = text('docs/architecture.md');
const nodes = [...picture.matchAll(/^ +(\w+)\["(.*?) —.*"\](?: --> (\w+))?$/gm)].map(
  ([, name = '', label = '', next]) => ({
    name,
    folders: [...label.matchAll(/([\w-]+(?:\/[\w-]+)*)\//g)].map(([, folder = '']) => folder),
    next,
  }),
);

/** The rooms of the picture that solid arrows lead through, from the one named so downwards. */
function chainFrom(name: string | undefined): readonly string[] {
  const node = nodes.find((one) => one.name === name);
  return node === undefined ? [] : [...node.folders, ...chainFrom(node.next)];
}

const ROOMS = chainFrom('plugin');
const BESIDE = ['staging-vm', 'reports', 'canary', 'fixtures'];
const patterns = (rooms: readonly string[]) => rooms.map((room) => `**/${room}/**`).sort();

test('the picture shows the rooms that there are, and the linter refuses what its arrows do not allow', () => {
  const folders = globSync('helpers/*/', { cwd: PROJECT }).map((path) =>
    path.slice('helpers/'.length),
  );
  expect([...ROOMS, 'staging-vm'].sort()).toEqual(folders.sort());
  for (const [index, room] of ROOMS.entries()) {
    const folder = `helpers/${room}`;
    expect(refusedRooms(folder), room).toEqual(patterns([...ROOMS.slice(0, index), ...BESIDE]));
    expect([...exceptedRooms(folder)], room).toEqual(['fixtures/examples']);
  }
});

test.each([
  ['canary', 'canary', []],
  ['reports', 'reports', ['cost', 'fixtures/examples', 'fleet', 'host', 'review', 'soak']],
  ['vm', 'helpers/staging-vm', []],
  ['rehearsals', 'fixtures/rehearsals', []],
  ['rehearsals', 'fixtures/worlds', []],
  ['benchmarks', 'fixtures/benchmarks', []],
  ['examples', 'fixtures/examples', []],
])('the arrow of %s leads where the linter lets %s go', (name, folder, excepted) => {
  const node = nodes.find((one) => one.name === name);
  const allowed = chainFrom(node?.next);
  expect(allowed.length).toBeGreaterThan(0);
  const [own] = folder.replace('helpers/', '').split('/');
  const beside = BESIDE.filter((room) => room !== own);
  const above = ROOMS.filter((room) => !allowed.includes(room));
  expect(refusedRooms(folder)).toEqual(patterns([...above, ...beside]));
  expect([...exceptedRooms(folder)].sort()).toEqual(excepted);
});

const importing = (imported: string) =>
  `import { planted } from '${imported}';\n\nexport const used = planted;\n`;

const BACK_ARROWS: readonly (readonly [file: string, imported: string, says: RegExp])[] = [
  ['helpers/text/planted.ts', '../files/ndjson.ts', /helpers\/text\/ stands above/],
  ['helpers/text/planted.test.ts', '../soak/result.ts', /helpers\/text\/ stands above/],
  ['helpers/agent/contract/planted.ts', '../../soak/result.ts', /helpers\/agent\/ stands above/],
  ['helpers/steps/drill/planted.ts', '../../run/door.ts', /helpers\/steps\/ stands above/],
  ['helpers/soak/planted.ts', '../../reports/ticket.ts', /helpers\/soak\/ stands above/],
  ['helpers/soak/planted.ts', '../../fixtures/examples/x.ts', /for tests and rehearsals/],
  [
    'helpers/soak/planted.test.ts',
    '../../fixtures/rehearsals/x.ts',
    /helpers\/soak\/ stands above/,
  ],
  ['helpers/staging-vm/planted.ts', '../steps/criterion.ts', /staging VM observes its own host/],
  ['canary/planted.spec.ts', '../reports/ticket.ts', /steps and judges/],
  ['canary/planted.spec.ts', '../helpers/run/door.ts', /steps and judges/],
  ['canary/planted.spec.ts', '../fixtures/examples/x.ts', /steps and judges/],
  ['reports/planted.ts', '../helpers/changes/undo.ts', /results and the run directory only/],
  ['reports/planted.ts', '../helpers/fleet/outliers.ts', /results and the run directory only/],
  ['reports/planted.ts', '../helpers/soak/soak.ts', /results and the run directory only/],
  ['reports/planted.ts', '../helpers/host/processes.ts', /results and the run directory only/],
  ['reports/planted.ts', '../helpers/review/what-if.ts', /results and the run directory only/],
  ['fixtures/rehearsals/planted.ts', '../../helpers/agent/daemon.ts', /what a user could/],
  ['fixtures/rehearsals/planted.ts', '../../helpers/steps/criterion.ts', /what a user could/],
  ['fixtures/rehearsals/planted.ts', '../../helpers/run/door.ts', /what a user could/],
  ['fixtures/benchmarks/planted.ts', '../../helpers/soak/soak.ts', /Benchmarks measure/],
  ['fixtures/examples/planted.ts', '../../helpers/review/review.ts', /Examples for tests/],
  ['fixtures/staging-vm/planted.ts', '../../helpers/staging-vm/main.ts', /tried from outside/],
  ['fixtures/stand-in/planted.ts', '../../helpers/text/usage.ts', /no code with its judge/],
];
const DOWNWARDS: readonly (readonly [file: string, imported: string])[] = [
  ['helpers/soak/planted.ts', '../agent/scrape.ts'],
  ['helpers/soak/planted.test.ts', '../../fixtures/examples/example-run.ts'],
  ['canary/planted.spec.ts', '../helpers/soak/invariants.ts'],
  ['reports/planted.ts', '../helpers/soak/sample.ts'],
  ['fixtures/rehearsals/planted.ts', '../../helpers/host/processes.ts'],
  ['fixtures/benchmarks/planted.ts', '../../helpers/workload/workload.ts'],
];
const INLINE_TYPE = 'helpers/soak/inline.ts';
const CYCLE = ['helpers/soak/a.ts', 'helpers/soak/b.ts'] as const;

/** Several are planted in one room. */
const numbered = (file: string, number: number) => file.replace('planted', `planted-${number}`);
const back = (index: number) => numbered(BACK_ARROWS[index]?.[0] ?? '', index);
const down = (index: number) => numbered(DOWNWARDS[index]?.[0] ?? '', BACK_ARROWS.length + index);

function plantedFiles(): Readonly<Record<string, string>> {
  const typed = (name: string, other: string) =>
    `import type { ${other} } from './${other.toLowerCase()}.ts';\n\nexport type ${name} = ${other} | undefined;\n`;
  return {
    ...Object.fromEntries(BACK_ARROWS.map(([, to], index) => [back(index), importing(to)])),
    ...Object.fromEntries(DOWNWARDS.map(([, to], index) => [down(index), importing(to)])),
    [INLINE_TYPE]: "export type Planted = import('../steps/criterion.ts').Planted;\n",
    [CYCLE[0]]: typed('A', 'B'),
    [CYCLE[1]]: typed('B', 'A'),
  };
}

const linted = z.object({
  diagnostics: z.array(z.object({ location: z.object({ path: z.string() }), message: z.string() })),
});

/** What this project's linter says of each planted file, all of them in one tree. */
const said = new Map<string, readonly string[]>();
beforeAll(() => {
  const tree = mkdtempSync(join(tmpdir(), 'rooms-'));
  try {
    for (const name of ['.biome.json', '.biome'])
      cpSync(join(PROJECT, name), join(tree, name), { recursive: true });
    for (const [file, content] of Object.entries(plantedFiles())) {
      mkdirSync(join(tree, dirname(file)), { recursive: true });
      writeFileSync(join(tree, file), content);
    }
    const biome = join(PROJECT, 'node_modules/@biomejs/biome/bin/biome');
    const args = [biome, 'check', '--reporter=rdjson', '--max-diagnostics=none', '.'];
    const { stdout } = spawnSync(process.execPath, args, { cwd: tree, encoding: 'utf8' });
    for (const { location, message } of linted.parse(JSON.parse(stdout)).diagnostics)
      said.set(location.path, [...(said.get(location.path) ?? []), message]);
  } finally {
    rmSync(tree, { recursive: true });
  }
});

test.each(BACK_ARROWS.map((row, index) => [...row, index] as const))(
  'a back arrow in %s, to %s, does not pass the linter',
  (_file, _imported, says, index) => {
    expect(said.get(back(index))).toContainEqual(expect.stringMatching(says));
  },
);

test('a type that is imported where it is used does not pass it, for no arrow could be seen', () => {
  expect(said.get(INLINE_TYPE)).toContainEqual(
    expect.stringMatching(/Import this type at the top/),
  );
});

test('two files that import types of each other do not pass it', () => {
  for (const file of CYCLE)
    expect(said.get(file)).toContainEqual(expect.stringMatching(/part of a cycle/));
});

test.each(DOWNWARDS.map((row, index) => [...row, index] as const))(
  'an arrow downwards, in %s to %s, passes it',
  (_file, _imported, index) => {
    expect(said.get(down(index))).toBeUndefined();
  },
);

test("the runbook's own specs declare, judge and ask for the run by the public module alone", () => {
  const own = /steps\/(public-)?criterion|steps\/canary-run|criteria\/judgement|plugin\//;
  const specs = globSync('canary/*.ts', { cwd: PROJECT });
  expect(specs.length).toBeGreaterThan(6);
  for (const spec of specs) {
    const source = text(spec);
    expect(source, spec).toContain("from 'aegisbpf-canary'");
    expect(
      source.match(/(?<=from ')[^']+/g)?.filter((name) => own.test(name)),
      spec,
    ).toEqual([]);
  }
});
