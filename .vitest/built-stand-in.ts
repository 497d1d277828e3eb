/**
 * Global setup of tests with many rehearsals: the stand-in's commands are built anew into a few files of CommonJS, which start
 * in about half the processor time of its sources. Processes that a daemon starts besides stay with the sources.
 */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const SOURCES = join(import.meta.dirname, '../fixtures/stand-in');
/** Three folders below the packages, where the launcher of an npm package looks for them. */
const BUILDS = join(import.meta.dirname, '../node_modules/.cache/stand-in-builds');

export async function setup(): Promise<() => void> {
  mkdirSync(BUILDS, { recursive: true });
  const directory = mkdtempSync(join(BUILDS, 'build-'));
  // Some rehearsals run as another user.
  chmodSync(directory, 0o755);
  const build = await rolldown({
    input: join(SOURCES, 'main.ts'),
    platform: 'node',
    external: [/^node:/, 'koffi'],
    plugins: [
      {
        name: 'places-of-sources',
        transform: (code, id) =>
          code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)),
      },
    ],
  });
  await build.write({ dir: directory, format: 'cjs', chunkFileNames: '[name]-[hash].js' });
  await build.close();
  writeFileSync(join(directory, 'package.json'), '{ "type": "commonjs" }\n');
  for (const name of ['aegisbpf', 'aegisbpf-previous'])
    cpSync(join(SOURCES, name), join(directory, name));
  process.env.STAND_IN = join(directory, 'aegisbpf');
  return () => rmSync(directory, { recursive: true, force: true });
}
