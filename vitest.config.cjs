// Plain CommonJS, because vite loads such a file from memory: the clone may be read-only, and a Node that is too
// old for the rest is told so here. What the runbook needs of vitest stands in helpers/plugin/.
require('./helpers/run/node-check.cjs');

const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

/** By a path that is not known when vite bundles this file, so that the sources are loaded as they are. */
const load = (...path) => import(pathToFileURL(join(__dirname, ...path)).href);

module.exports = async () => {
  const { useCompileCache } = await load('helpers', 'files', 'compile-cache.mjs');
  // Before the rest is imported: a third of the start is compiling.
  useCompileCache();
  return (await load('helpers', 'plugin', 'define-canary.ts')).defineCanary({ root: __dirname });
};
