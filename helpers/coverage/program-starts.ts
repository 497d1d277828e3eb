import type { ExecArgvEvent } from '../agent/contract/events.ts';
import { checkArguments } from '../agent/stream/field-check.ts';
import type { StartedPrograms } from '../agent/stream/started-programs.ts';
import {
  fail,
  inconclusive,
  type Judgement,
  type Measurement,
  pass,
} from '../criteria/judgement.ts';
import type { Figure } from '../settings/thresholds.ts';
import { counted } from '../text/counted.ts';

interface SampledLines {
  readonly lines: number;
  readonly sample: string;
}

/** Programs that were started one after the other, and what the agent told of them. */
export interface ProgramStarts {
  readonly started: number;
  /** With an `exec` line. */
  readonly told: number;
  /** With more than one. */
  readonly toldAgain: number;
  /** With an `exec_argv` line. */
  readonly withArguments: number;
  /** Of such lines, those with other arguments than the program was given: how many, and one of them. */
  readonly wrongArguments: SampledLines;
  /** Of such lines, those that tell nothing from an empty argument on. */
  readonly hiddenArguments: SampledLines;
  /** Resident memory of the agent behind them, in kB; undefined where it could not be read. */
  readonly rssKb: number | undefined;
}

const sampled = (lines: readonly ExecArgvEvent[]): SampledLines => ({
  lines: lines.length,
  sample: JSON.stringify(lines[0] ?? {}),
});

/** Compares the lines of one program with what it was given, as often as it was started. */
export function comparedArguments(
  lines: readonly ExecArgvEvent[],
  given: readonly string[],
): Pick<ProgramStarts, 'wrongArguments' | 'hiddenArguments'> {
  const isLike = (line: ExecArgvEvent, told: readonly string[]) =>
    checkArguments(line, told).every(({ result }) => result === 'right');
  const upToEmpty = given.slice(0, Math.max(0, given.indexOf('')));
  const endsThere = (line: ExecArgvEvent) =>
    upToEmpty.length > 0 && [upToEmpty, [...upToEmpty, '']].some((told) => isLike(line, told));
  const untrue = lines.filter((line) => !isLike(line, given));
  return {
    wrongArguments: sampled(untrue.filter((line) => !endsThere(line))),
    hiddenArguments: sampled(untrue.filter(endsThere)),
  };
}

/** One start by execveat(2) on a descriptor: which of its lines the agent wrote. */
export interface StartByDescriptor {
  /** Why there was none, in words. */
  readonly notMade?: string | undefined;
  readonly exec: boolean;
  readonly exec_argv: boolean;
}

/** @param told of the programs that one process started, among which @param pid became another one in place: an agent tells the first as well. */
export function linesByDescriptor(
  told: StartedPrograms,
  pid: number,
  given: readonly string[],
): Pick<StartByDescriptor, 'exec' | 'exec_argv'> {
  const line = told.arguments.get(pid);
  const isOurs = line !== undefined && comparedArguments([line], given).wrongArguments.lines === 0;
  const others = (told.argumentLines.get(pid) ?? 0) - Number(isOurs);
  return { exec: (told.starts.get(pid) ?? 0) > others, exec_argv: isOurs };
}

/** An agent that keeps a quarter of a kilobyte of each program uses as much more behind each 400 of them. */
const LEAK_KB_A_PART = 96;
/**
 * So many fill what is free in an agent's heap once it has loaded its BPF object, and behind each of so many more it must have
 * grown. Of version 0.10.0 444 kB are free then: what it kept of 1,000 programs, 420 bytes each, was seen in none of its pages.
 */
const FILLING_PARTS = 5;
const LEAKING_PARTS = 9;

const sumOf = (parts: readonly ProgramStarts[], of: (part: ProgramStarts) => number) =>
  parts.reduce((sum, part) => sum + of(part), 0);

/** Missing evidence, where the agent may have dropped so many lines; undefined where it says that it did not. */
function mayBeDropped(
  text: string,
  lines: number,
  drops: Figure,
  measured: Measurement,
): Judgement | undefined {
  if (!drops.known) return inconclusive(`${text}; ${drops.reason}`, measured);
  if (drops.value < lines) return undefined;
  return inconclusive(
    `${text}; the agent says that it dropped ${counted(drops.value, 'line')} of telemetry meanwhile: run again while less is started on this host`,
    measured,
  );
}

/**
 * Each program that was started has one `exec` line and one `exec_argv` line, which tell what it is.
 * @param drops of telemetry that the agent admits meanwhile.
 */
export function judgeExecEvents(
  parts: readonly ProgramStarts[],
  drops: Figure,
  source: string,
): Judgement {
  const sum = (of: (part: ProgramStarts) => number) => sumOf(parts, of);
  const started = sum((part) => part.started);
  const again = sum(({ toldAgain }) => toldAgain);
  const wrong = sum(({ wrongArguments }) => wrongArguments.lines);
  const missing = {
    exec: started - sum(({ told }) => told),
    exec_argv: started - sum(({ withArguments }) => withArguments),
  };
  const measured = { limit: 0, unit: 'starts that are not told', source };
  const [without] = Object.entries(missing).filter(([, lines]) => lines > 0);
  if (wrong > 0) {
    const { sample } = parts.find((one) => one.wrongArguments.lines > 0)?.wrongArguments ?? {};
    return fail(
      `${wrong} of ${started} starts of a program have other arguments in their exec_argv line than it was given; for example ${sample}`,
      { value: wrong, limit: 0, unit: 'event lines with a wrong field', source },
    );
  }
  if (again > 0)
    return fail(`${again} of ${started} starts of a program have more than one exec line`, {
      ...{ value: again, limit: 0, unit: 'starts that are told again', source },
    });
  if (without === undefined)
    return pass(
      `each of ${started} programs that were started one after the other has its exec line and its exec_argv line`,
      { ...measured, value: 0 },
    );
  const [type, lines] = without;
  const text = `${lines} of ${started} programs that were started one after the other have no ${type} line`;
  return (
    mayBeDropped(text, lines, drops, { ...measured, value: lines }) ??
    fail(`${text}, and the agent says that it dropped ${admitted(drops)} (${drops.source})`, {
      ...measured,
      value: lines,
    })
  );
}

const admitted = (drops: Figure) => (drops.known && drops.value > 0 ? `${drops.value}` : 'none');

/**
 * A program that is started by execveat(2) is told as any other.
 * @param drops of telemetry that the agent admits meanwhile.
 * @returns words for a finding where it is not; undefined where it is told.
 */
export function judgeByDescriptor(
  { notMade, ...told }: StartByDescriptor,
  drops: Figure,
  source: string,
): Judgement | { readonly untold: string; readonly measured: Measurement } | undefined {
  if (notMade !== undefined)
    return inconclusive(`a program could not be started by execveat(2): ${notMade}`, { source });
  const missing = Object.entries(told).flatMap(([type, isTold]) => (isTold ? [] : [type]));
  if (missing.length === 0) return undefined;
  const measured = {
    value: missing.length,
    limit: 0,
    unit: 'event lines that are missing',
    source,
  };
  const text = `a program that was started by execveat(2) on a descriptor has no ${missing.join(' and no ')} line`;
  return (
    mayBeDropped(text, 1, drops, measured) ?? {
      untold: `${text}: whoever starts programs so, as from memory without a file (memfd_create), is hidden from those who watch what is started`,
      measured,
    }
  );
}

/** How much it grew behind each part but the filling ones; undefined where that could not be read. */
function rises(parts: readonly ProgramStarts[]): readonly number[] | undefined {
  const known = parts.flatMap(({ rssKb }) => rssKb ?? []);
  if (known.length < parts.length) return undefined;
  const memory = known.slice(FILLING_PARTS - 1);
  return memory.slice(1).map((kb, at) => kb - (memory[at] ?? kb));
}

/** What an agent hides that tells no argument behind an empty one, in words for a finding; undefined where it tells all. */
export function judgeHiddenArguments(
  parts: readonly ProgramStarts[],
  source: string,
): { readonly hidden: string; readonly measured: Measurement } | undefined {
  const lines = sumOf(parts, (part) => part.hiddenArguments.lines);
  const { sample } = parts.find((part) => part.hiddenArguments.lines > 0)?.hiddenArguments ?? {};
  if (lines === 0) return undefined;
  return {
    hidden: `${counted(lines, 'start')} of a program with an empty argument had an exec_argv line that ends before it or with it, and lacks the argument behind it: whoever puts an empty one first hides all others from those who watch what is started; the line: ${sample}`,
    measured: { value: lines, limit: 0, unit: 'event lines without arguments', source },
  };
}

/** Whether it is still open if the agent keeps something of each program: once it has not grown it does not. */
export function mustStartMore(parts: readonly ProgramStarts[]): boolean {
  const grown = rises(parts);
  return (
    grown !== undefined && grown.length < LEAKING_PARTS && grown.every((kb) => kb >= LEAK_KB_A_PART)
  );
}

/**
 * Of each program that has ended the agent keeps nothing.
 * @param parts the first of which fill what is filled once. @returns words for a finding where it keeps something.
 */
export function judgeMemoryOfStarts(
  parts: readonly ProgramStarts[],
  source: string,
): Judgement | { readonly kept: string; readonly measured: Measurement } {
  const grown = rises(parts);
  const [first = 0, last = 0] = [parts[FILLING_PARTS - 1]?.rssKb, parts.at(-1)?.rssKb];
  const later = sumOf(parts.slice(FILLING_PARTS), ({ started }) => started);
  const measured = { value: last - first, unit: 'kB', source };
  if (grown === undefined || grown.length === 0)
    return inconclusive(
      'the resident memory of the agent could not be read from its folder in /proc',
      {
        source,
      },
    );
  const smallest = Math.min(...grown);
  const grew = `from ${first} to ${last} kB`;
  return smallest >= LEAK_KB_A_PART
    ? {
        kept: `the agent's resident memory grew ${grew} while ${later} programs were started and ended, by ${smallest} kB or more behind each of ${grown.length} parts of them: it keeps something of each program that has ended, and where that has no bound, a host that starts many runs out of memory`,
        measured: { ...measured, limit: LEAK_KB_A_PART * grown.length },
      }
    : pass(
        `the agent's resident memory went ${grew} while ${later} programs were started and ended, and did not grow all the while`,
        measured,
      );
}
