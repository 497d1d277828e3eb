import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Tells each package that is loaded, by the name that it is asked for by. */
const TOLD = `import { registerHooks } from 'node:module';
registerHooks({ resolve(name, context, next) {
  if (/^[a-z]+$/.test(name)) console.log(name);
  return next(name, context);
} });`;

test('what is started hundreds of times in a coverage phase loads no package but the one for system calls', () => {
  const script = join(import.meta.dirname, 'probe-process.ts');
  // It ends where it would become a kind: there is no order.
  const { stdout } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(TOLD)}`, script, '{}'],
    { encoding: 'utf8' },
  );
  expect(stdout.trim().split('\n')).toEqual(['koffi']);
});
