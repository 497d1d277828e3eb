import { readProcessFacts } from '../../host/process-facts.ts';
import type { ExecArgvEvent, ExecEvent } from '../contract/events.ts';
import {
  type ActorEvent,
  type ComparedField,
  checkActor,
  checkArguments,
  checkOptional,
  checkValues,
  right,
} from './field-check.ts';
import type { Owners, OwnProcesses } from './own-processes.ts';

/** A field that events of ours tell wrong. */
export interface WrongField {
  readonly field: string;
  readonly expected: string;
  readonly told: string;
  lines: number;
  /** The first line that has it. */
  readonly sample: string;
}

/** In how many lines a field was compared, and in how many it was left out or unknown. */
export interface ToldField {
  readonly field: string;
  told: number;
  untold: number;
}

const MAX_SAMPLE_CHARACTERS = 500;
const NOTHING = () => {};

/** What is known of an owner's lines while its thread bears a name. */
export interface NamedThread {
  readonly values?: Readonly<Record<string, unknown>> | undefined;
  /** The user that it is then; ours where nothing is said. */
  readonly uid?: number | undefined;
}

/** What of an event's subject is known besides who acted. */
export interface ExpectedFields {
  /** Fields that have one value in every event of ours. */
  readonly values?: Readonly<Record<string, unknown>> | undefined;
  /** Names that the threads of an owner bear in turn. */
  readonly byName?: ReadonlyMap<string, NamedThread> | undefined;
  /** The names by which owners open the file; none where they open it by others as well. */
  readonly paths?: readonly string[] | undefined;
  /** What the programs that owners start are called; their caller's names where absent. */
  readonly childNames?: readonly string[] | undefined;
  /** What else such a program may be called in the line of its start, which has either name. */
  readonly startedNames?: readonly string[] | undefined;
  /** Programs that this process starts besides the owners: what they open is no work of ours. */
  readonly otherChildren?: readonly string[] | undefined;
}

/** Fields by which the line was recognised as one on this thing of ours. */
const matched = ({ type }: ActorEvent) =>
  (type === 'block'
    ? ['dev', 'ino']
    : [type === 'net_bind_block' ? 'local_port' : 'remote_port']
  ).map(right);

/**
 * Compares the event lines on one thing of ours, field by field, with what we know of ourselves. A
 * line that comes again with the very same text is right or wrong as the first one was, so that each
 * line of a soak is compared and each text only once.
 */
export class CrossExamination {
  readonly #processes: OwnProcesses;
  readonly #owners: Owners;
  readonly #wrong = new Map<string, WrongField>();
  /** Lines of each set of told and untold fields: there are few such sets, and many lines. */
  readonly #kinds = new Map<string, { fields: readonly ComparedField[]; lines: number }>();
  #expected: ExpectedFields = {};
  /** Lines that were compared. */
  examined = 0;
  /** Lines of ours whose process had ended before it could be looked at. */
  unknown = 0;

  constructor(processes: OwnProcesses, owners: Owners) {
    this.#processes = processes;
    this.#owners = owners;
  }

  expect(expected: ExpectedFields): void {
    this.#expected = expected;
  }

  get wrong(): readonly WrongField[] {
    return [...this.#wrong.values()];
  }

  /** Every field that could be compared, and in how many lines it was. */
  get fields(): readonly ToldField[] {
    const counts = new Map<string, ToldField>();
    for (const { fields, lines } of this.#kinds.values())
      for (const { field, result } of fields) {
        const count = counts.get(field) ?? { field, told: 0, untold: 0 };
        count[result === 'untold' ? 'untold' : 'told'] += lines;
        counts.set(field, count);
      }
    return [...counts.values()];
  }

  /** @returns counts one line with this text, of what the process `cause` of ours caused. */
  examine(event: ActorEvent, cause: number, text: string): () => void {
    if (this.#owners.size === 0) return NOTHING;
    if (!this.#owners.has(cause) && this.#expected.otherChildren?.includes(event.comm))
      return NOTHING;
    const fields = this.#compare(event, cause);
    if (fields !== undefined) return this.#counting(fields, text);
    return () => {
      this.unknown += 1;
    };
  }

  /** Counts one line that tells the arguments of a process of ours. */
  examineArguments(event: ExecArgvEvent, started: readonly string[], text: string): void {
    this.count(checkArguments(event, started), text);
  }

  /** Counts one line by its compared fields; undefined where its process ended before it could be looked at. */
  count(fields: readonly ComparedField[] | undefined, text: string): void {
    if (fields === undefined) this.unknown += 1;
    else this.#counting(fields, text)();
  }

  #counting(fields: readonly ComparedField[], text: string): () => void {
    const wrong = fields
      .filter(({ result }) => result === 'wrong')
      .map((field) => this.#open(field, text));
    const key = fields.map(({ field, result }) => `${field} ${result === 'untold'}`).join();
    const kind = this.#kinds.get(key) ?? { fields, lines: 0 };
    this.#kinds.set(key, kind);
    return () => {
      this.examined += 1;
      kind.lines += 1;
      for (const one of wrong) one.lines += 1;
    };
  }

  #compare(event: ActorEvent, cause: number): readonly ComparedField[] | undefined {
    if (event.type === 'exec') return this.#compareStart(event, cause);
    const seen = this.#processes.of(cause);
    if (seen === undefined) return undefined;
    const { values, byName, paths = [] } = this.#expected;
    const thread = byName?.get(event.comm);
    const uid = thread?.uid ?? process.getuid?.() ?? seen.uid;
    const known = byName === undefined ? seen : { ...seen, names: [...byName.keys()], uid };
    const { childNames = known.names } = this.#expected;
    const more = [
      ...matched(event),
      ...checkValues(event, { ...values, ...thread?.values }),
      ...checkOptional(event, paths),
    ];
    if (!this.#owners.has(cause)) {
      // Started by this very process, which starts workers alone: they are the owners.
      const expected = [...this.#owners].join(' or ');
      return [{ field: 'pid', result: 'wrong', expected, told: String(event.pid) }, ...more];
    }
    const isItself = event.pid === cause;
    const parent = isItself ? this.#processes.of(known.parentPid) : known;
    return [
      right('pid'),
      ...checkActor(
        event,
        isItself || parent === undefined
          ? { kind: 'process', process: known, parent }
          : { kind: 'child', parent, names: childNames },
      ),
      ...more,
    ];
  }

  /** The line of a start is written before or after the process takes its new name: either is right. */
  #compareStart(event: ExecEvent, cause: number): readonly ComparedField[] | undefined {
    const isItself = event.pid === cause;
    // A worker takes its last name while it starts: what is read this early must not be remembered.
    const known = isItself ? readProcessFacts(cause) : this.#processes.of(cause);
    if (known === undefined) return undefined;
    const { childNames = [], startedNames = [] } = this.#expected;
    const caller = isItself ? this.#processes.of(known.parentPid) : known;
    const own = isItself ? known.names : [...childNames, ...startedNames];
    const names = [...(caller?.names ?? []), ...own];
    return [
      right('pid'),
      ...checkActor(
        event,
        isItself
          ? { kind: 'process', process: { ...known, names }, parent: caller }
          : { kind: 'child', parent: known, names },
      ),
    ];
  }

  #open({ field, expected, told }: ComparedField, text: string): WrongField {
    const sample = text.slice(0, MAX_SAMPLE_CHARACTERS);
    const open = this.#wrong.get(field) ?? { field, expected, told, lines: 0, sample };
    this.#wrong.set(field, open);
    return open;
  }
}
