import { expect, test } from 'vitest';
import { ownEventLine } from '../../../fixtures/examples/own-event-line.ts';
import { type ProcessFacts, readProcessFacts } from '../../host/process-facts.ts';
import { parseEventLine } from '../contract/events.ts';
import { checkActor } from './field-check.ts';

const FILE = { dev: 7, ino: 8 };
const ID_FIELDS = ['exec_id', 'trace_id', 'parent_exec_id', 'parent_trace_id'];
const TICKS_PER_DAY = 8_640_000;
const NS_PER_TICK = 10_000_000n;
/** Odd, as no number beyond 2^53 can be: only a text has such a start time in full. */
const ODD_NS = 123_457n;

function factsOf(pid: number, startTicks: number): ProcessFacts {
  const facts = readProcessFacts(pid);
  if (facts === undefined) throw new Error(`pid ${pid} is not in /proc`);
  return { ...facts, startTicks };
}

/** This process's own event where the host was up for so many days when it and its parent started. */
function afterDays(days: number, edit: Readonly<Record<string, unknown>> = {}) {
  const startTicks = days * TICKS_PER_DAY + 7;
  const start = String(BigInt(startTicks) * NS_PER_TICK + ODD_NS);
  const parentStart = String(BigInt(startTicks - 5) * NS_PER_TICK + ODD_NS);
  const self = factsOf(process.pid, startTicks);
  const parent = factsOf(self.parentPid, startTicks - 5);
  const line = ownEventLine(FILE, {
    ...{ start_time: 0, parent_start_time: 0 },
    ...{ exec_id: `${start}-${self.pid}`, trace_id: `${start}-${self.pid}` },
    parent_exec_id: `${parentStart}-${parent.pid}`,
    parent_trace_id: `${parentStart}-${parent.pid}`,
    ...edit,
  });
  const parsed = parseEventLine(
    line
      .trim()
      .replace('"start_time":0', `"start_time":${start}`)
      .replace('"parent_start_time":0', `"parent_start_time":${parentStart}`),
  );
  if (parsed.kind !== 'event' || parsed.event.type !== 'block') throw new Error(line);
  const compared = checkActor(parsed.event, { kind: 'process', process: self, parent });
  return {
    start,
    of: (result: string) => compared.flatMap((one) => (one.result === result ? one.field : [])),
  };
}

test.each([1, 104, 105, 1000, 20_000])('what is true is right on a host up for %i days', (days) => {
  const { of } = afterDays(days);
  expect([of('wrong'), of('untold')]).toEqual([[], []]);
  expect(of('right')).toEqual(
    expect.arrayContaining([...ID_FIELDS, 'start_time', 'parent_start_time']),
  );
});

test.each(ID_FIELDS.flatMap((field) => [1, 105].map((days) => [field, days] as const)))(
  'a wrong %s is told on a host up for %i days',
  (field, days) => {
    const { start } = afterDays(days);
    const wrong = [
      ...[`1-${process.pid}`, `${start}-1`, `${start}-${process.pid}0`, `${start}`, 'x'],
      ...[`${BigInt(start) + 1_000_000_000n}-${process.pid}`, ` ${start}-${process.pid}`],
      ...[`0x10-${process.pid}`, `${start}-${process.pid}-${process.pid}`],
    ];
    for (const told of wrong)
      expect(afterDays(days, { [field]: told }).of('wrong')).toEqual([field]);
  },
);

test.each(ID_FIELDS)('an empty %s is untold', (field) => {
  const { of } = afterDays(1, { [field]: '' });
  expect([of('wrong'), of('untold')]).toEqual([[], [field]]);
});
