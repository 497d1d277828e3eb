// Plain CommonJS, because vite loads such a file from memory: the clone may be read-only, and a Node that is too
// old for the rest is told so here. What the runbook needs of vitest stands in .vitest/canary.config.ts.
require('./helpers/run/node-check.cjs');

const { enableCompileCache } = require('node:module');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

/** Not known when vite bundles this file, so that the sources are loaded as they are. */
const configuration = pathToFileURL(join(__dirname, '.vitest', 'canary.config.ts')).href;

// As in helpers/files/compile-cache.ts, which has it for the other processes: a third of the start is compiling.
enableCompileCache({ directory: join(__dirname, 'node_modules/.cache/canary'), portable: true });

module.exports = async () => (await import(configuration)).default;
