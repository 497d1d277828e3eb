import { expect, test } from 'vitest';
import { ownEventLine } from '../../fixtures/examples/own-event-line.ts';
import { parseEventLine } from '../agent/contract/events.ts';
import type { OwnDecision } from '../agent/stream/event-log.ts';
import { readProcessFacts } from '../host/process-facts.ts';
import { type ByFormat, judgeFormat, lackedIn, pairedLines, wrongBirths } from './by-format.ts';
import type { JudgedLine } from './judge-lines.ts';
import { TABLE } from './table.ts';

const SECRET = { dev: 7, ino: 8 };
const BEGUN = Date.now();
const SELF = readProcessFacts(process.pid);
if (SELF === undefined) throw new Error('this process is not in /proc');
const TICKS_MS = SELF.startTicks * 10;

/** @param edit of what this process's own event tells. */
function line(edit: Record<string, unknown> = {}, change: Partial<JudgedLine> = {}): JudgedLine {
  const parsed = parseEventLine(ownEventLine(SECRET, { action: 'BLOCK', ...edit }).trim());
  const read = TABLE.find(({ kind, route }) => kind === 'root' && route === 'read');
  if (parsed.kind !== 'event' || read === undefined || SELF === undefined)
    throw new Error('no line can be made');
  const taken = {
    ...{ line: read, answer: { outcome: 'refused', errno: 'EPERM', call: '' } as const },
    events: [parsed.event as OwnDecision],
    actor: { kind: 'process', process: SELF, parent: readProcessFacts(SELF.parentPid) } as const,
  };
  return { taken, verdict: 'pass', text: 'open for reading by root', ...change };
}

const met = (other: JudgedLine, more: Partial<ByFormat> = {}): ByFormat => ({
  mode: 'enforce',
  ...{ begunMs: BEGUN, endedMs: BEGUN + 1000, bootMs: BEGUN - 1_000_000 },
  defects: { notJson: 0, invalid: 0, oversized: 0, samples: [] },
  lines: pairedLines('cef', [line()], [other]),
  ...more,
});
const lacking = () => told({ lacks: ['file.name'] });
const told = (edit: Record<string, unknown> = {}, change?: Partial<JudgedLine>) =>
  line({ timeMs: BEGUN, ...edit }, change);
const CUT = { notJson: 1, invalid: 0, oversized: 0, samples: ['expected a line, saw "x"'] };

test.each<[string, ByFormat, string, RegExp]>([
  ['the same', met(told()), 'pass', /^with --event-format=cef each of 1 denied route has one line/],
  [
    'a line that cannot be read',
    met(told(), { defects: CUT }),
    'fail',
    /^with --event-format=cef 1 line of the event stream cannot be read; the first: expected a line/,
  ],
  [
    'no line',
    met(told({}, { verdict: 'fail', text: 'open was not logged' })),
    'fail',
    /^with --event-format=cef 1 denied route of 1 not as with the agent's own format: open was not/,
  ],
  [
    'what nobody knows',
    met(told({}, { verdict: 'inconclusive', text: 'open: was killed' })),
    'inconclusive',
    /^nobody knows what is told of 1 route with --event-format=cef: open: was killed$/,
  ],
  [
    'nothing',
    met(told(), { lines: [] }),
    'inconclusive',
    /^no route with a rule was as it must be/,
  ],
  [
    'a field lost',
    met(told({ comm: '' })),
    'fail',
    /lines lack what the agent's own .*: comm in 1 of 1; for example that of open for reading by/,
  ],
  [
    'seconds',
    met(told({ timeMs: Math.floor(BEGUN / 1000) })),
    'fail',
    /the line of open for reading by root has the time \d{10}, which is no time of this run/,
  ],
  [
    'a wrong field',
    met(told({ ino: 9 })),
    'fail',
    /^with --event-format=cef ino: expected 8, saw 9/,
  ],
])('%s', (_, one, verdict, words) => {
  const wanted = () =>
    ({ fields: { type: 'block', family: 'of no CEF line', ...SECRET }, series: [] }) as const;
  const judged = judgeFormat('cef', one, wanted, 'agent.stdout.log');
  expect(judged.explanation).toMatch(words);
  expect(judged.verdict).toBe(verdict);
});

test('what an agent that audits tells is judged as such', () => {
  const wanted = () => ({ fields: { type: 'block', ...SECRET }, series: [] }) as const;
  const audited = (change?: Partial<JudgedLine>) =>
    judgeFormat('ocsf', met(told({ action: 'AUDIT' }, change), { mode: 'audit' }), wanted, '');
  expect(audited()).toMatchObject({
    verdict: 'pass',
    explanation: expect.stringMatching(
      /^with --event-format=ocsf in audit mode each of 1 recorded route has one line/,
    ),
  });
  const denied = { verdict: 'fail', text: 'open was logged with action=BLOCK' } as const;
  expect(audited(denied).explanation).toMatch(
    /^with --event-format=ocsf in audit mode 1 recorded route of 1 not as .*: open was logged with action=BLOCK$/,
  );
});

test('what a format tells by an id alone is owed only where the agent has that id', () => {
  const wanted = () => ({ fields: { type: 'block', ...SECRET }, series: [] }) as const;
  const unknown = { ...{ parent_start_time: 0, parent_exec_id: undefined }, ppid: 0 };
  const judge = (own: JudgedLine) =>
    judgeFormat(
      'cef',
      met(told(unknown), { lines: pairedLines('cef', [own], [told(unknown)]) }),
      wanted,
      '',
    );
  expect(judge(line({ parent_start_time: 0, parent_exec_id: undefined })).verdict).toBe('pass');
  expect(judge(line())).toMatchObject({
    verdict: 'fail',
    explanation: expect.stringMatching(
      /lack .*: ppid in 1 of 1, parent_start_time in 1 of 1, parent_/,
    ),
  });
});

test('routes that were not as they must be with its own format, and free ones, are not compared', () => {
  const free = line();
  const near = {
    ...free,
    taken: { ...free.taken, line: { ...free.taken.line, expected: 'open' } },
  };
  expect(pairedLines('cef', [line({}, { verdict: 'fail' }), near as JudgedLine], [told()])).toEqual(
    [],
  );
});

test('routes by a protocol that CEF has no name for are compared by OCSF alone', () => {
  const { taken, ...judged } = line();
  const events = taken.events.map((event) => ({ ...event, protocol: '136' }));
  const lite: JudgedLine = { ...judged, taken: { ...taken, events } };
  expect(pairedLines('cef', [lite], [told()])).toEqual([]);
  expect(pairedLines('ocsf', [lite], [told()])).toHaveLength(1);
});

test('what lines lack that their standard requires is counted', () => {
  expect(lackedIn(met(told()))).toEqual(new Map());
  expect(lackedIn(met(told({}), { lines: pairedLines('cef', [line()], [lacking()]) }))).toEqual(
    new Map([['file.name', 1]]),
  );
});

test('a beginning by the time since the boot is told apart from another wrong one', () => {
  const born = (createdMs: number, edit = {}) =>
    wrongBirths(met(told({ createdMs, ...edit }), { bootMs: BEGUN - TICKS_MS - 5000 })).map(
      ({ isSinceBoot }) => isSinceBoot,
    );
  expect(born(BEGUN - 5000)).toEqual([]);
  expect(born(TICKS_MS)).toEqual([true]);
  expect(born(BEGUN - 3_600_000_000)).toEqual([false]);
  expect(born(0)).toEqual([false]);
  // Formats without it, and lines that do not know it.
  expect(wrongBirths(met(told()))).toEqual([]);
  expect(born(TICKS_MS, { start_time: 0 })).toEqual([]);
});
