'use strict';
/**
 * Which Node and which packages a command needs. Every npm script preloads this file (`node --require`), and
 * vitest's configuration begins with it. It is plain JavaScript: a Node that is too old for the rest can run it.
 */
const { existsSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');

/** package.json says the same under `engines`. */
const LOWEST_NODE = 24;
/** Packages of the suite that are compiled for a processor say so of theirs, and npm obeys. */
const LOWEST_FOR_NPM = 20;
const root = join(__dirname, '../..');

/** Packages that only `npm ci` without --omit=dev brings, for the npm scripts that need them. */
const stand = ['koffi'];
/** @type {Readonly<Record<string, readonly string[] | undefined>>} */
const NEEDS = {
  rehearse: stand,
  benchmark: stand,
  'staging-vm': process.env.AEGIS_BIN ? [] : stand,
  report: ['allure'],
  lint: ['@biomejs/biome'],
  format: ['@biomejs/biome'],
  typecheck: ['typescript'],
};

/** @param {string} name */
const installed = (name) => existsSync(join(root, 'node_modules', name, 'package.json'));

/** Where packages lie: below a clone, and beside the package where somebody installed it. */
const packages = [
  join(root, 'node_modules'),
  ...(basename(dirname(root)) === 'node_modules' ? [dirname(root)] : []),
];

/** @param {string[]} path */
const among = (...path) => packages.map((place) => join(place, ...path)).find(existsSync);

/** How to get the Node that is needed. */
function howToStart() {
  const own = among('.bin', 'node');
  if (own !== undefined) return `start it with \`npx\` or \`npm run\`, which use ${own}`;
  // npm 9 links no program of an optional package when it installs.
  if (Number.parseInt(process.versions.node, 10) < LOWEST_FOR_NPM)
    return 'npm leaves out what is too new for it; docs/own-specs.md says how to install with another Node';
  if (among(`node-linux-${process.arch}`, 'bin', 'node') !== undefined)
    return 'one is installed, and this npm has not linked it: run `npm rebuild --ignore-scripts` once';
  return '`npm ci --ignore-scripts` brings one (without --omit=optional), or install it on this host';
}

function nodeProblem() {
  const { node } = process.versions;
  if (Number.parseInt(node, 10) >= LOWEST_NODE) return undefined;
  return `Node ${LOWEST_NODE} or newer is needed, and this is Node ${node} (${process.execPath}): ${howToStart()}`;
}

function packagesProblem() {
  const script = process.env.npm_lifecycle_event || '';
  const needed = script.startsWith('test') ? [...stand, 'fast-check'] : NEEDS[script] || [];
  const missing = needed.filter((name) => !installed(name));
  return missing.length === 0
    ? undefined
    : `\`npm run ${script}\` needs ${missing.join(' and ')}: run \`npm ci --ignore-scripts --include=dev\` first`;
}

/** vite takes what follows these in a file's name for a query or a fragment. */
function placeProblem() {
  return /[?#]/.test(root)
    ? `vitest cannot read files below a folder with "?" or "#" in its name; rename or move ${JSON.stringify(root)}`
    : undefined;
}

const problems = [nodeProblem(), packagesProblem(), placeProblem()].filter(Boolean);
if (problems.length > 0) {
  for (const problem of problems)
    process.stderr.write(`aegisbpf-canary: ${problem}; nothing was touched\n`);
  process.exit(2);
}
