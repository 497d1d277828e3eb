import { execa } from 'execa';
import { expect, test } from 'vitest';
import { commandScript } from './job-disk.ts';

test('a command arrives as it was given, whatever is in its words', async () => {
  const words = ["it's", '$HOME `id` "x"', 'a\nb', '', '*', '-n', '\\'];
  const program =
    'console.log(JSON.stringify([process.env, process.argv.slice(1), process.cwd()]))';
  const script = commandScript('/tmp', { VALUE: "a'b c" }, [
    process.execPath,
    '-e',
    program,
    '--',
    ...words,
  ]);
  const { stdout } = await execa('sh', [], { input: script });
  expect(JSON.parse(stdout)).toEqual([{ VALUE: "a'b c" }, words, '/tmp']);
});
