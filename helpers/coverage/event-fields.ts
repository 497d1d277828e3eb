import type { Mode } from '../agent/daemon-options.ts';
import { CrossExamination } from '../agent/stream/cross-examination.ts';
import {
  type ComparedField,
  checkActor,
  checkOptional,
  checkValues,
} from '../agent/stream/field-check.ts';
import { Owners, OwnProcesses } from '../agent/stream/own-processes.ts';
import { fail, type Judgement } from '../criteria/judgement.ts';
import type { Witness } from '../soak/result.ts';
import { judgeWitnesses, merged } from '../soak/witness.ts';
import type { JudgedLine } from './judge-lines.ts';
import type { Line } from './table.ts';
import type { Taken } from './taken.ts';
import type { WantedEvent } from './wanted-event.ts';

/**
 * The events of all denied routes as one witness, each field beside what was tried and who tried it. A route with another
 * number of events than one is told by its own criterion, as is one among late lines: whose event each of them is nobody knows.
 */
export function witnessOf(
  judged: readonly JudgedLine[],
  wanted: (line: Line) => WantedEvent,
  mode: Mode,
): Witness {
  const processes = new OwnProcesses();
  const examination = new CrossExamination(processes, new Owners(processes));
  for (const { taken, verdict, isLate } of judged) {
    const [event, second] = taken.events;
    const isJudged = verdict === 'pass' || verdict === 'fail';
    if (event === undefined || second !== undefined || !isJudged) continue;
    if (taken.line.expected !== 'denied' || isLate === true) continue;
    examination.count(compared(event, taken, wanted(taken.line)), JSON.stringify(event));
  }
  const subject = `the denied routes in ${mode} mode`;
  const witness = merged({ subject, named: 'event' }, [{ examination, misnamed: [] }]);
  return { ...witness, missing: 0 };
}

/** Each route is tried once or twice: a field that its line leaves out is not compared there at all. */
export const judgeRoutes = (witness: Witness, source: string): Judgement =>
  judgeWitnesses([witness], 0, source, { toldShare: 1 });

/** By these a reader joins lines with the starts of processes; each is made of two numbers of its line, and left out where one of them is 0 (docs/agent-contract.md §4.1). */
const IDS = {
  exec_id: ['pid', 'start_time'],
  trace_id: ['pid', 'start_time'],
  parent_exec_id: ['ppid', 'parent_start_time'],
  parent_trace_id: ['ppid', 'parent_start_time'],
} as const;

/** Lines of denied routes that lack an id. @returns undefined where none does. */
export function withoutIds(judged: readonly JudgedLine[], source: string): Judgement | undefined {
  const lines = judged.flatMap(({ taken }) =>
    taken.line.expected === 'denied' ? taken.events.map((one) => new Map(Object.entries(one))) : [],
  );
  const missing = Object.entries(IDS).flatMap(([id, numbers]) => {
    const owed = lines.filter((line) => numbers.every((name) => Boolean(line.get(name))));
    const without = owed.filter((line) => !line.get(id));
    return without.length === 0 ? [] : [{ id, owed: owed.length, without }];
  });
  const [first] = missing;
  if (first === undefined) return undefined;
  const texts = missing.map(({ id, owed, without }) => `${id} in ${without.length} of ${owed}`);
  const sample = JSON.stringify(Object.fromEntries(first.without[0] ?? []));
  return fail(
    `event lines lack ids by which a reader joins them with the starts of processes: ${texts.join(', ')}; for example ${sample}`,
    { value: first.without.length, limit: 0, unit: 'event lines without an id', source },
  );
}

/** Undefined where nobody knows who took it. */
function compared(
  event: Taken['events'][number],
  { actor }: Taken,
  { fields, program }: WantedEvent,
): readonly ComparedField[] | undefined {
  if (actor === undefined) return undefined;
  const { type } = fields;
  const who = actor.kind === 'child' ? {} : { pid: actor.process.pid };
  // An event of another type has other fields.
  const what = event.type === type ? fields : { type };
  return [
    ...checkValues(event, { ...what, ...who }),
    ...checkOptional(event, []),
    ...checkActor(
      event,
      actor.kind === 'child' && program !== undefined ? { ...actor, names: [program] } : actor,
    ),
  ];
}
