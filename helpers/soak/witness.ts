import type { Decisions } from '../agent/stream/watched-decisions.ts';
import {
  fail,
  inconclusive,
  type Judgement,
  type Measurement,
  pass,
} from '../criteria/judgement.ts';
import { counted } from '../text/counted.ts';
import { ofOneLife } from './one-life.ts';
import type { Witness } from './result.ts';

/** Of the lines on one thing of ours, so many must be compared; a process that ends at once cannot be looked at. */
const MIN_COMPARED_SHARE = 0.75;

/**
 * Fields that the agent may leave out for good: under landlock it cannot look a cgroup's path up
 * (docs/agent-contract.md §5.7), and ids need not be told.
 */
const MAY_BE_UNTOLD: readonly string[] = [
  ...['cgroup_path', 'parent_start_time'],
  ...['exec_id', 'trace_id', 'parent_exec_id', 'parent_trace_id'],
];

/** A field without which an event tells too little to be compared. */
export const mustBeTold = (field: string): boolean => !MAY_BE_UNTOLD.includes(field);

/** Of the lines on several things of ours, or in several lives of the agent. */
export interface WitnessPart {
  readonly examination?: Decisions['examination'];
  readonly misnamed: readonly Witness['misnamed'][number][];
}

/** What event lines told beside what we know, several parts as one: a part of its own may have too few lines to judge by. */
export function merged(
  subject: Pick<Witness, 'subject' | 'named'>,
  parts: readonly WitnessPart[],
): Omit<Witness, 'missing'> {
  const seen = parts.flatMap(({ examination }) => examination ?? []);
  const sum = (of: (one: Decisions['examination']) => number) =>
    seen.reduce((all, one) => all + of(one), 0);
  const fields = Map.groupBy(
    seen.flatMap((one) => one.fields),
    ({ field }) => field,
  );
  return {
    ...subject,
    examined: sum(({ examined }) => examined),
    unknown: sum(({ unknown }) => unknown),
    fields: [...fields].map(([field, all]) => ({
      field,
      told: all.reduce((lines, { told }) => lines + told, 0),
      untold: all.reduce((lines, { untold }) => lines + untold, 0),
    })),
    wrong: added(
      seen.flatMap(({ wrong }) => wrong),
      ({ field }) => field,
    ),
    misnamed: added(
      parts.flatMap(({ misnamed }) => misnamed),
      ({ told }) => told,
    ),
  };
}

/** Lines of the same kind together, each with its first sample. */
function added<T extends { readonly lines: number }>(all: readonly T[], key: (one: T) => string) {
  const groups = [...Map.groupBy(all, key).values()];
  const lines = (group: readonly T[]) => group.reduce((sum, one) => sum + one.lines, 0);
  return groups.flatMap((group) =>
    group.slice(0, 1).map((one) => ({ ...one, lines: lines(group) })),
  );
}

/** In words what arrived in place of lines that are missing; empty where none is, or nothing came. */
export function insteadOf(witness: Witness | undefined): string {
  const [first] = witness?.misnamed ?? [];
  if (witness === undefined || witness.missing === 0 || first === undefined) return '';
  return `; ${counted(first.lines, 'event line')} of our processes had ${first.told} instead of ${witness.named}`;
}

/** Every event line of ours tells what we know of ourselves: who acted, on what, from where. */
export const eventsTellTheTruth = ofOneLife((soak) => {
  const drops = soak.drops.known ? soak.drops.value : undefined;
  const source = `${soak.mode}/agent.stdout.ndjson; ${soak.mode}/soak.json`;
  return judgeWitnesses(soak.witnesses, drops, source, { execLines: soak.execLines });
});

/** What is judged besides, or otherwise. */
interface WitnessTerms {
  /** Lines that may be missing: the agent counts no loss of them in its drops. */
  readonly execLines?: Witness | undefined;
  /** So many of the lines must tell each field; all of them where each line is a trial of its own. */
  readonly toldShare?: number;
}

/** The same of any lines. @param drops that the agent admits; undefined where that is unknown. */
export function judgeWitnesses(
  witnesses: readonly Witness[],
  drops: number | undefined,
  source: string,
  { execLines, toldShare = MIN_COMPARED_SHARE }: WitnessTerms = {},
): Judgement {
  const lies = [...witnesses, execLines ?? []].flat().flatMap((witness) => liesOf(drops, witness));
  if (lies.length > 0) {
    const lines = lies.reduce((most, lie) => Math.max(most, lie.lines), 0);
    const [{ sample }] = lies as [Lie, ...Lie[]];
    return fail(`${lies.map(({ text }) => text).join('; ')}; for example ${sample}`, {
      ...{ value: lines, limit: 0, unit: 'event lines with a wrong field', source },
    });
  }
  return (
    missingEvidence(witnesses, source) ??
    // An agent need not write them, but what it writes must tell.
    [...witnesses, execLines ?? []]
      .flat()
      .map((witness) => untoldFields(witness, source, toldShare))
      .find((problem) => problem !== undefined) ??
    allRight(witnesses, source, execLines)
  );
}

interface Lie {
  readonly text: string;
  readonly lines: number;
  readonly sample: string;
}

function liesOf(drops: number | undefined, witness: Witness): Lie[] {
  const { subject, named, examined, wrong, misnamed, missing } = witness;
  const wrongFields = wrong.map(({ field, expected, told, lines, sample }) => ({
    text: `${field}: expected ${expected}, saw ${told} in ${lines} of ${examined} lines on ${subject}`,
    ...{ lines, sample },
  }));
  // A host's own rules may be met by our processes too; such lines are no lie while none is missing. Where
  // nobody knows how many lines were dropped, nobody knows whether one is.
  if (drops === undefined || missing <= drops) return wrongFields;
  const [kind = ''] = named.split(' ');
  return [
    ...wrongFields,
    ...misnamed.slice(0, 1).map(({ told, lines, sample }) => ({
      text: `${kind}: expected ${named}, saw ${told} in ${counted(lines, 'line')} of our processes, while ${missing} on ${subject} are missing`,
      ...{ lines, sample },
    })),
  ];
}

function missingEvidence(witnesses: readonly Witness[], source: string): Judgement | undefined {
  const measured: Measurement = { value: 0, unit: 'event lines compared', source };
  if (witnesses.length === 0) return inconclusive('no event line was compared', measured);
  for (const { subject, examined, unknown } of witnesses) {
    if (examined === 0) {
      return inconclusive(
        `no event line of ours on ${subject} could be compared${unknown > 0 ? `: the processes of ${unknown} lines had ended before they were looked at` : ', for none arrived'}`,
        measured,
      );
    }
    if (examined < MIN_COMPARED_SHARE * (examined + unknown)) {
      return inconclusive(
        `only ${examined} of ${examined + unknown} event lines on ${subject} could be compared, at least ${100 * MIN_COMPARED_SHARE} % are needed: the processes of the others had ended before they were looked at; run again on a faster host`,
        { ...measured, value: examined },
      );
    }
  }
  return undefined;
}

/** A field that is told now and then proves nothing of the lines that leave it out. */
function untoldFields({ subject, examined, fields }: Witness, source: string, share: number) {
  const seldom = fields.filter(
    ({ field, told, untold }) => mustBeTold(field) && told < share * (told + untold),
  );
  const [first] = seldom;
  if (first === undefined) return undefined;
  const names = seldom.map(({ field, told, untold }) => `${field} in ${told} of ${told + untold}`);
  return inconclusive(
    `too few of ${examined} event lines on ${subject} have the fields that must be compared, at least ${100 * share} % are needed: ${names.join(', ')}`,
    { value: first.told, unit: 'event lines compared', source },
  );
}

/** In words how many exec lines were compared; empty where nobody looked for any. */
function withExecLines(execLines: Witness | undefined): string {
  if (execLines === undefined) return '';
  const { examined, unknown } = execLines;
  const compared = examined === 0 ? 'no exec line to compare' : `exec lines compared: ${examined}`;
  return `; ${compared}${unknown === 0 ? '' : ` (of ${unknown} more the processes had ended)`}`;
}

function allRight(
  witnesses: readonly Witness[],
  source: string,
  execLines: Witness | undefined,
): Judgement {
  const lines = witnesses.reduce((sum, { examined }) => sum + examined, 0);
  const fields = [
    ...Map.groupBy(
      witnesses.flatMap((one) => one.fields),
      ({ field }) => field,
    ),
  ];
  const names = (isTold: boolean) =>
    fields.flatMap(([name, all]) => (all.some(({ told }) => told > 0) === isTold ? name : []));
  const untold = names(false);
  const left = untold.length === 0 ? '' : `; in no line: ${untold.join(', ')}`;
  const ended = witnesses.reduce((sum, { unknown }) => sum + unknown, 0);
  const of = ended === 0 ? `${lines}` : `${lines} of ${lines + ended}`;
  return pass(
    `${of} event lines of ours compared field by field: ${names(true).join(', ')}${left}${withExecLines(execLines)}`,
    { value: 0, limit: 0, unit: 'event lines with a wrong field', source },
  );
}
