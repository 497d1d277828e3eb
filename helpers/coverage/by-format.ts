import type { EventFormat } from '../agent/contract/event-formats.ts';
import type { Mode } from '../agent/daemon-options.ts';
import type { OwnDecision, StreamDefects } from '../agent/stream/event-log.ts';
import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import { unreadableLines } from '../soak/invariants.ts';
import { counted } from '../text/counted.ts';
import { judgeRoutes, witnessOf } from './event-fields.ts';
import type { JudgedLine } from './judge-lines.ts';
import { type Kind, lineText } from './table.ts';
import { few } from './under-unit.ts';
import type { WantedEvent } from './wanted-event.ts';

/** Who takes routes: few, of each kind of line that the formats have, and one that would add fields to it by its name. */
export const FORMAT_KINDS: readonly Kind[] = ['root', 'hostile-name', 'network', 'network-ipv6'];

/** How the agent was started, in words. */
export const optionText = (format: EventFormat, mode: Mode) =>
  `--event-format=${format}${mode === 'audit' ? ' in audit mode' : ''}`;

/** Routes that a rule concerns, by what becomes of them. */
const NOUN: Readonly<Record<Mode, string>> = { audit: 'recorded route', enforce: 'denied route' };

/** What of the agent's own line a format does not tell (docs/agent-contract.md §4.5). */
const UNTOLD: Readonly<Record<EventFormat, readonly string[]>> = { ocsf: [], cef: ['family'] };
/** Fields that the agent's own format repeats under another name, or that another one tells by itself. */
const REPEATED: readonly string[] = ['trace_id', 'parent_trace_id', 'path', 'resolved_path'];

/** Numbers that stand in these ids; a format may tell them nowhere else, and the agent leaves an id out where it does not know both of its numbers. */
const IN_IDS: Readonly<Record<string, string>> = {
  ...{ start_time: 'exec_id', ppid: 'parent_exec_id', parent_start_time: 'parent_exec_id' },
};

/** Two clocks of one host may be set meanwhile; seconds in place of milliseconds are off by decades. */
const TOLERANCE_MS = 60_000;
const MS_PER_TICK = 10;

/** A route with a rule that was as it must be with the agent's own format, and the same with another one. */
export interface FormatLine {
  readonly own: JudgedLine;
  readonly other: JudgedLine;
}

/** What was met with a format, in one start of the agent. */
export interface ByFormat {
  readonly mode: Mode;
  /** Moments of ours, and that of the boot, in ms since 1970. */
  readonly begunMs: number;
  readonly endedMs: number;
  readonly bootMs: number;
  readonly defects: StreamDefects;
  readonly lines: readonly FormatLine[];
}

/** CEF names TCP and UDP alone (docs/agent-contract.md §4.5); the agent's own format has others by their number. */
function isNamed(format: EventFormat, line: JudgedLine): boolean {
  const protocol = new Map(Object.entries(eventOf(line) ?? {})).get('protocol');
  return format !== 'cef' || !/^\d+$/.test(`${protocol}`);
}

/** Pairs the routes with a rule that passed with the agent's own format, and of which that format can tell, with what came of them with it. */
export const pairedLines = (
  format: EventFormat,
  own: readonly JudgedLine[],
  other: readonly JudgedLine[],
): readonly FormatLine[] =>
  own.flatMap((one) => {
    const again = other.find(({ taken }) => taken.line === one.taken.line);
    const isDenied = one.verdict === 'pass' && one.taken.line.expected === 'denied';
    return isDenied && isNamed(format, one) && again !== undefined
      ? [{ own: one, other: again }]
      : [];
  });

/** The one event of a line; undefined where there is none, or another one. */
const eventOf = ({ taken: { events } }: JudgedLine) =>
  events.length === 1 ? events[0] : undefined;

/** Every decision has one line of that format, which tells what the agent's own would. @param wanted what the event of a route must tell. */
export function judgeFormat(
  format: EventFormat,
  met: ByFormat,
  wanted: (line: JudgedLine['taken']['line']) => WantedEvent,
  source: string,
): Judgement {
  const others = met.lines.map(({ other }) => other);
  const option = optionText(format, met.mode);
  const judged = judgeLinesOf(option, met, others, source) ?? lostIn(format, met, source);
  if (judged !== undefined) return judged;
  const late = others.find((line) => {
    const told = eventOf(line)?.timeMs;
    return told !== undefined && !isBetween(told, met.begunMs, met.endedMs);
  });
  if (late !== undefined)
    return fail(
      `with ${option} the line of ${late.text} has the time ${eventOf(late)?.timeMs}, which is no time of this run in ms since 1970 (${met.begunMs} to ${met.endedMs}): who reads it sorts it elsewhere`,
      { value: eventOf(late)?.timeMs ?? 0, unit: 'ms since 1970', source },
    );
  const carried = (line: JudgedLine['taken']['line']) => {
    const { fields, ...more } = wanted(line);
    const told = Object.entries(fields).filter(([name]) => !UNTOLD[format].includes(name));
    return { ...more, fields: { type: fields.type, ...Object.fromEntries(told) } };
  };
  const witness = witnessOf(others, carried, met.mode);
  // What the agent's own format tells of the same route is not lost: that was looked at.
  const compared = witness.fields.filter(({ field, told }) => told > 0 || !(field in IN_IDS));
  const fields = judgeRoutes({ ...witness, fields: compared }, source);
  if (fields.verdict !== 'pass')
    return { ...fields, explanation: `with ${option} ${fields.explanation}` };
  return pass(
    `with ${option} each of ${counted(others.length, NOUN[met.mode])} has one line, which tells what the agent's own format does: ${fields.explanation}`,
    { value: others.length, limit: others.length, unit: 'routes', source },
  );
}

function judgeLinesOf(
  option: string,
  { mode, defects }: ByFormat,
  lines: readonly JudgedLine[],
  source: string,
): Judgement | undefined {
  const unreadable = unreadableLines(defects, source);
  if (unreadable !== undefined)
    return { ...unreadable, explanation: `with ${option} ${unreadable.explanation}` };
  const of = (...verdicts: JudgedLine['verdict'][]) =>
    lines.filter(({ verdict }) => verdicts.includes(verdict));
  const measured = {
    ...{ value: of('pass').length, limit: lines.length, unit: 'routes', source },
  };
  if (of('fail').length > 0)
    return fail(
      `with ${option} ${counted(of('fail').length, NOUN[mode])} of ${lines.length} not as with the agent's own format: ${few(of('fail'))}`,
      measured,
    );
  const unknown = of('inconclusive', 'not run');
  if (unknown.length > 0)
    return inconclusive(
      `nobody knows what is told of ${counted(unknown.length, 'route')} with ${option}: ${few(unknown)}`,
      measured,
    );
  return lines.length === 0
    ? inconclusive(
        "no route with a rule was as it must be with the agent's own format, so there is nothing to compare",
        measured,
      )
    : undefined;
}

/** Fields that the agent's own line has, and that of the format lacks. */
function lostIn(
  format: EventFormat,
  { mode, lines }: ByFormat,
  source: string,
): Judgement | undefined {
  const lost = lines.flatMap(({ own, other }) => {
    const [before, told] = [own, other].map(
      (line): ReadonlyMap<string, unknown> => new Map(Object.entries(eventOf(line) ?? {})),
    ) as [ReadonlyMap<string, unknown>, ReadonlyMap<string, unknown>];
    return [...before].flatMap(([field, value]) => {
      const isOwed = value && before.get(IN_IDS[field] ?? field);
      return isOwed && !told.get(field) && ![...REPEATED, ...UNTOLD[format]].includes(field)
        ? [{ field, line: own.taken.line }]
        : [];
    });
  });
  const [first] = lost;
  if (first === undefined) return undefined;
  const names = [...Map.groupBy(lost, ({ field }) => field)].map(
    ([field, all]) => `${field} in ${all.length} of ${lines.length}`,
  );
  return fail(
    `with ${optionText(format, mode)} lines lack what the agent's own format tells of the same route: ${names.join(', ')}; for example that of ${lineText(first.line)}`,
    { value: lost.length, limit: 0, unit: 'fields lost', source },
  );
}

const isBetween = (told: number, from: number, to: number) =>
  told >= from - TOLERANCE_MS && told <= to + TOLERANCE_MS;

/** What the standard of the format requires, each with how many lines lack it. */
export const lackedIn = ({ lines }: ByFormat): ReadonlyMap<string, number> =>
  new Map(
    [
      ...Map.groupBy(
        lines.flatMap(({ other }) => eventOf(other)?.lacks ?? []),
        (field) => field,
      ),
    ].map(([field, all]) => [field, all.length]),
  );

/** A process whose beginning is told wrong. */
export interface WrongBirth {
  readonly event: OwnDecision;
  readonly expectedMs: number;
  /** What is told is the time since the boot, which readers take for a day in 1970. */
  readonly isSinceBoot: boolean;
}

/** Lines that tell wrongly when their process began; those of formats that do not tell it are none. */
export const wrongBirths = ({ lines, bootMs, endedMs }: ByFormat): readonly WrongBirth[] =>
  lines.flatMap(({ other }) => {
    const event = eventOf(other);
    const { actor } = other.taken;
    if (event?.createdMs === undefined || event.start_time === 0 || actor?.kind !== 'process')
      return [];
    const expectedMs = Math.round(bootMs + actor.process.startTicks * MS_PER_TICK);
    const isSinceBoot = event.createdMs > 0 && isBetween(event.createdMs, 0, endedMs - bootMs);
    return isBetween(event.createdMs, expectedMs, expectedMs)
      ? []
      : [{ event, expectedMs, isSinceBoot }];
  });
