import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  alwaysAnswers,
  errorOf,
  propertyRuns,
  sample,
} from '../../../fixtures/examples/property-tools.ts';
import { agentStarted, type LogEntry, parseLogLine } from './daemon-log.ts';

const HEAD = '2026-11-23 11:29:42.576 [INFO] ';
const lines = ['enforce.log', 'audit.log', 'kill.log'].flatMap((name) =>
  sample(name)
    .split('\n')
    .filter((line) => /^\d/.test(line)),
);
const started = (mode: string) =>
  sample(`${mode}.log`)
    .split('\n')
    .find((line) => line.includes('Agent started')) ?? '';

function entry(line: string): LogEntry {
  const parsed = parseLogLine(line);
  if (parsed.kind !== 'log') throw new Error(`not an entry: ${line}`);
  return parsed;
}

test('every log line of the real runs is read, with its fields taken off the message', () => {
  for (const line of lines) expect(entry(line).message).not.toMatch(/[{}]/);
  expect(entry(sample('kill.log').trimEnd())).toMatchObject({
    level: 'ERROR',
    time: '2026-11-23 11:30:47.876',
    message: 'SIGKILL enforcement is disabled in this build',
    fields: new Map([
      ['cmake_option', 'ENABLE_SIGKILL_ENFORCEMENT=ON'],
      ['runtime_gate', '--allow-sigkill'],
    ]),
  });
});

test('parentheses, quotes and a message with braces do not confuse it', () => {
  expect(entry(`${HEAD}Audit {x} mode (y) {detail="a \\"b\\", c\\\\", net=true}`)).toMatchObject({
    message: 'Audit {x} mode (y)',
    fields: new Map([
      ['detail', 'a "b", c\\'],
      ['net', 'true'],
    ]),
  });
  expect(entry(`${HEAD}m {a="b"; c=d}`)).toMatchObject({ message: 'm {a="b"; c=d}' });
  expect(entry(`${HEAD}Agent started {audit_only=false, lsm`).message).toContain('{audit_only');
});

test('the JSON format is read alike', () => {
  const line = '{"timestamp":"2026-11-23T11:29:42Z","level":"WARN","message":"m","path":"/a b"}';
  expect(parseLogLine(line)).toEqual({
    kind: 'log',
    format: 'json',
    time: '2026-11-23T11:29:42Z',
    level: 'WARN',
    message: 'm',
    fields: new Map([['path', '/a b']]),
  });
});

test.each([
  'libbpf: failed to pin map: File exists',
  '',
  '{"type":"block","pid":1}',
  '{"timestamp":"t","level":"LOUD","message":"m"}',
  '2026-11-23 11:29:42 [INFO] without milliseconds',
  '{',
])("%j is somebody else's text", (line) => {
  expect(parseLogLine(line)).toEqual({ kind: 'text', text: line });
});

test('whatever fields the agent writes are read back', () => {
  const key = fc.stringMatching(/^[a-z_]{1,8}$/);
  const value = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\n'));
  const written = (text: string) =>
    /[ "]/.test(text) ? `"${text.replace(/["\\]/g, (one) => `\\${one}`)}"` : text;
  fc.assert(
    fc.property(fc.dictionary(key, value, { minKeys: 1, noNullPrototype: true }), (fields) => {
      const pairs = Object.entries(fields).map(([name, text]) => `${name}=${written(text)}`);
      const read = entry(`${HEAD}A message {${pairs.join(', ')}}`);
      expect(read.message).toBe('A message');
      expect(read.fields).toEqual(new Map(Object.entries(fields)));
    }),
    propertyRuns(),
  );
});

test('the real Agent started lines give typed fields', () => {
  expect(agentStarted(parseLogLine(started('enforce')))).toMatchObject({
    ok: true,
    value: {
      audit_only: false,
      enforce_signal: 'sigterm',
      lsm_enabled: true,
      lsm_hook: 'file_open',
      network_enabled: true,
      runtime_state: 'ENFORCE',
      event_sample_rate: 1,
      ringbuf_bytes: 0,
      break_glass: false,
      deadman_ttl: 0,
      state_degradation_total: 0,
    },
  });
  expect(agentStarted(parseLogLine(started('audit')))).toMatchObject({
    ok: true,
    value: { audit_only: true, runtime_state: 'AUDIT_FALLBACK' },
  });
});

test.each([
  ['audit_only=false, ', '', 'saw nothing at $.audit_only'],
  ['audit_only=false', 'audit_only=no', 'expected "true" or "false", saw "no" at $.audit_only'],
  ['enforce_signal=sigterm', 'enforce_signal=sighup', 'saw "sighup" at $.enforce_signal'],
  ['runtime_state=ENFORCE', 'runtime_state=GOOD', 'saw "GOOD" at $.runtime_state'],
  [
    'event_sample_rate=1',
    'event_sample_rate=x',
    'expected a whole number, saw "x" at $.event_sample_rate',
  ],
])('Agent started with %s changed to %j is refused', (was, is, expected) => {
  expect(errorOf(agentStarted(parseLogLine(started('enforce').replace(was, is))))).toContain(
    expected,
  );
});

test.each([
  'audit_only',
  'enforce_signal',
  'lsm_enabled',
  'lsm_hook',
  'network_enabled',
  'runtime_state',
])('Agent started without %s is refused at its path', (key) => {
  const line = started('enforce').replace(new RegExp(`${key}=[^,}]*, `), '');
  expect(errorOf(agentStarted(parseLogLine(line)))).toContain(`saw nothing at $.${key}`);
});

test('another line is no Agent started', () => {
  expect(errorOf(agentStarted(parseLogLine(`${HEAD}Agent stopped`)))).toContain(
    'saw "Agent stopped"',
  );
  expect(errorOf(agentStarted(parseLogLine('libbpf: x')))).toContain('saw "libbpf: x"');
});

test('no text and no damage makes it throw', () => {
  alwaysAnswers(
    (text) => errorOf(agentStarted(parseLogLine(text))),
    started('enforce'),
    started('audit'),
  );
});
