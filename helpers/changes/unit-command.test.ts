import { expect, test } from 'vitest';
import { startedCommand, timeSpanMs, unitList, unitVariables } from './unit-command.ts';
import { unitSettings } from './unit-file.ts';

const service = (...lines: readonly string[]) => unitSettings(['[Service]', ...lines].join('\n'));
const known = (values: Readonly<Record<string, string>>) => ({
  values: new Map(Object.entries(values)),
});
const words = (line: string, values: Readonly<Record<string, string>> = {}) =>
  startedCommand(line, known(values)).words;

test('an empty setting takes those before it away', () => {
  const settings = service('ExecStartPre=a', 'ExecStartPre=', 'ExecStartPre=b', 'ExecStartPre=c');
  expect(unitList(settings, 'ExecStartPre')).toEqual(['b', 'c']);
  expect(unitList(settings, 'ExecStart')).toEqual([]);
});

test('a variable in braces is one word, empty where nobody sets it; one without is as many as it has', () => {
  const line = `/bin/x run \${MODE} $MORE \${NONE} $NONE a\${MODE}b $$MODE %%`;
  expect(words(line, { MODE: 'two words', MORE: 'one "and two"' })).toEqual([
    ...['/bin/x', 'run', 'two words', 'one', 'and two', '', 'atwo wordsb', '$MODE', '%'],
  ]);
});

test('quotes and prefixes are no part of a word', () => {
  expect(words(`-@/bin/x name "two words" 'a "b"' c\\ d x"y z"`)).toEqual([
    ...['/bin/x', 'two words', 'a "b"', 'c d', 'xy z'],
  ]);
  expect(startedCommand('-/bin/x', known({})).isForgiven).toBe(true);
  expect(startedCommand('!!/bin/x', known({})).isForgiven).toBe(false);
  expect(words(`:/bin/x \${MODE}`, { MODE: 'm' })).toEqual(['/bin/x', `\${MODE}`]);
});

test('what nobody knows of a line is told, and not what it does not name', () => {
  const variables = { values: new Map<string, string>(), unknown: 'no file' };
  expect(startedCommand('/bin/x run', variables).unknown).toBeUndefined();
  expect(startedCommand(`/bin/x \${MODE}`, variables).unknown).toBe('$MODE is not known: no file');
  expect(startedCommand('/bin/x --name=%i', known({})).unknown).toBe(
    'nobody knows what systemd makes of --name=%i',
  );
});

test('variables of files stand behind those of the unit, and later files behind earlier ones', () => {
  const files: Readonly<Record<string, string>> = {
    '/one': '# a comment\nA=file\n; B=no\n\nB = "in \\"quotes\\""\n C=\'as it is\\\' \nD=a\\\nb\n',
    '/two': 'D=last\nnot an assignment\nE=\n',
  };
  const { values, unknown } = unitVariables(
    service(
      'EnvironmentFile=/one',
      'EnvironmentFile=-/two',
      'EnvironmentFile=-/none',
      'Environment="A=unit" F=\'two words\'',
    ),
    (path) => (files[path] === undefined ? 'absent' : { text: files[path] }),
  );
  expect(unknown).toBeUndefined();
  expect(Object.fromEntries(values)).toEqual({
    ...{ A: 'file', C: 'as it is\\', D: 'last', E: '', F: 'two words' },
  });
});

test.each([
  ['a file that nobody has', 'EnvironmentFile=/gone', '/gone is not here'],
  ['a pattern', 'EnvironmentFile=-/etc/default/*', 'EnvironmentFile=-/etc/default/* is a pattern'],
  ['variables of systemd itself', 'PassEnvironment=AEGIS_MODE', 'the unit has PassEnvironment='],
])('%s may set others', (_, line, unknown) => {
  expect(unitVariables(service(line), (path) => ({ why: `${path} is not here` })).unknown).toBe(
    unknown,
  );
});

test.each([
  ['5', 5000],
  ['100ms', 100],
  ['1min 30s', 90_000],
  ['2h', 7_200_000],
  ['infinity', Number.POSITIVE_INFINITY],
  ['5 fortnights', undefined],
  ['', undefined],
  ['soon', undefined],
])('a span of %s', (text, ms) => {
  expect(timeSpanMs(text)).toBe(ms);
});
