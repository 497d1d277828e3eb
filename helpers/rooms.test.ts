import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
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

/** What the linter refuses for files below a folder, by the folder's name. */
const refused = new Map(
  z
    .object({ overrides: z.array(override) })
    .parse(JSON.parse(text('.biome.json')))
    .overrides.map(({ includes, linter }): [string, readonly string[]] => [
      (includes[0] ?? '').replace(/^helpers\/|\/\*\*$/g, ''),
      linter.rules.style.noRestrictedImports.options.patterns[0].group,
    ]),
);

/** The rooms of the picture that an arrow leads through, from the top down. */
function pictured(): readonly string[] {
  const nodes = [
    ...text('docs/architecture.md').matchAll(/^ +(\w+)\["(.*?) —.*"\](?: --> (\w+))?$/gm),
  ];
  const rooms: string[] = [];
  for (let name: string | undefined = 'run'; name !== undefined; ) {
    const [, , label = '', next] = nodes.find(([, node]) => node === name) ?? [];
    rooms.push(...[...label.matchAll(/([\w-]+)\//g)].map(([, room = '']) => room));
    name = next;
  }
  return rooms;
}

test('the picture shows the rooms that there are, and the linter refuses what its arrows do not allow', () => {
  const rooms = pictured();
  const folders = globSync('helpers/*/', { cwd: PROJECT }).map((path) =>
    path.slice('helpers/'.length),
  );
  expect([...rooms, 'staging-vm'].sort()).toEqual(folders.sort());
  for (const [index, room] of rooms.entries()) {
    const above = [...rooms.slice(0, index), 'staging-vm', 'reports', 'canary', 'fixtures'];
    expect(refused.get(room)?.toSorted(), room).toEqual(above.map((one) => `**/${one}/**`).sort());
  }
});

/** A tree with one file that imports another, under this project's linter. @returns what it says. */
function lint(file: string, imported: string): string {
  const tree = mkdtempSync(join(tmpdir(), 'rooms-'));
  try {
    copyFileSync(join(PROJECT, '.biome.json'), join(tree, '.biome.json'));
    mkdirSync(join(tree, dirname(file)), { recursive: true });
    writeFileSync(
      join(tree, file),
      `import { planted } from '${imported}';\n\nexport const used = planted;\n`,
    );
    const biome = join(PROJECT, 'node_modules/@biomejs/biome/bin/biome');
    const { status, stderr } = spawnSync(process.execPath, [biome, 'check', '.'], {
      cwd: tree,
      encoding: 'utf8',
    });
    return status === 0 ? '' : stderr;
  } finally {
    rmSync(tree, { recursive: true });
  }
}

test.each([
  ['helpers/text/planted.ts', '../files/ndjson.ts', /helpers\/text\/ stands above/],
  ['helpers/agent/contract/planted.ts', '../../soak/result.ts', /helpers\/agent\/ stands above/],
  ['helpers/steps/drill/planted.ts', '../../run/door.ts', /helpers\/steps\/ stands above/],
  ['helpers/soak/planted.ts', '../../reports/ticket.ts', /helpers\/soak\/ stands above/],
  ['helpers/staging-vm/planted.ts', '../steps/criterion.ts', /staging VM observes its own host/],
  ['reports/planted.ts', '../helpers/changes/undo.ts', /results and the run directory only/],
  ['fixtures/rehearsals/planted.ts', '../../helpers/agent/daemon.ts', /what a user could/],
  ['fixtures/stand-in/planted.ts', '../../helpers/text/usage.ts', /no code with its judge/],
])('a back arrow in %s, to %s, does not pass the linter', (file, imported, says) => {
  expect(lint(file, imported)).toMatch(says);
});

test('an arrow downwards passes it', () => {
  expect(lint('helpers/soak/planted.ts', '../agent/scrape.ts')).toBe('');
});
