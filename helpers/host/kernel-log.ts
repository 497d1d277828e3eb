import { closeSync, constants, openSync, readSync } from 'node:fs';
import { counted } from '../text/counted.ts';
import type { Observation } from './observations.ts';

/** One message of the kernel. */
export interface KernelMessage {
  /** Each message has the next number since boot. */
  readonly sequence: number;
  /** Microseconds since boot by a clock that stands still while the host is suspended. */
  readonly atUs: number;
  readonly text: string;
}

/** What the kernel says of itself when something is wrong with it. */
const DEFECTS: readonly (readonly [what: string, message: RegExp])[] = [
  ['warning', /^WARNING: /],
  ['bug', /^(BUG: |kernel BUG at |Oops|general protection fault|Kernel panic|Internal error: )/],
  ['lockup', /(soft lockup|hard LOCKUP|detected stall|blocked for more than \d+ seconds)/],
  ['verifier', /(verifier bug|^BPF: .*(invalid|bug))/i],
  ['out of memory', /(Out of memory: |oom-kill:)/],
];
/** What a trace shows that runs, or was called by, a program of the agent. */
const OF_AGENT = /(aegis|bpf_prog_|bpf_lsm_|bpf_trampoline)/;
/** A trace has no more lines. */
const TRACE_LINES = 120;
const MAX_RECORD = 8192;

/** A defect that the kernel told. */
export interface KernelDefect {
  readonly what: string;
  readonly text: string;
  /** What follows it names the agent, or programs that only an agent has. */
  readonly namesAgent: boolean;
}

/**
 * Every message that the kernel still has, the oldest first (Documentation/ABI/testing/dev-kmsg).
 * @throws Error where it cannot be read.
 */
export function readKernelLog(path: string): KernelMessage[] {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(MAX_RECORD);
  let text = '';
  try {
    for (;;) {
      const bytes = readRecord(descriptor, buffer);
      if (bytes === 0) return messagesOf(text);
      text += buffer.toString('utf8', 0, bytes);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** One record, or a piece of a file that plays the log; 0 at its end. */
function readRecord(descriptor: number, buffer: Buffer): number {
  for (;;) {
    try {
      return readSync(descriptor, buffer);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') return 0;
      // The oldest message was overwritten: the next read is of the one that is the oldest now.
      if (code !== 'EPIPE') throw error;
    }
  }
}

/** `priority,sequence,microseconds,flags;message`; lines that begin with a blank tell more of it. */
function messagesOf(text: string): KernelMessage[] {
  return text.split('\n').flatMap((line) => {
    const [, sequence, atUs, text] = /^\d+,(\d+),(\d+),[^;]*;(.*)$/.exec(line) ?? [];
    if (text === undefined) return [];
    return [{ sequence: Number(sequence), atUs: Number(atUs), text }];
  });
}

/** The number of the newest message: later ones have larger numbers, whatever clocks do meanwhile. */
export function newestMessage(path: string): Observation<number> {
  try {
    const newest = readKernelLog(path).at(-1);
    if (newest !== undefined) return { known: true, value: newest.sequence, source: path };
    return { known: false, reason: 'it holds no message', source: path };
  } catch (error) {
    return { known: false, reason: (error as Error).message, source: path };
  }
}

/** What the log holds behind a message, and why some of it is lost; undefined where all is there. */
export function messagesAfter(
  log: readonly KernelMessage[],
  start: number,
): { readonly messages: readonly KernelMessage[]; readonly lost: string | undefined } {
  const messages = log.filter(({ sequence }) => sequence > start);
  return { messages, lost: lostOf(log, messages, start) };
}

function lostOf(
  log: readonly KernelMessage[],
  messages: readonly KernelMessage[],
  start: number,
): string | undefined {
  const newest = log.at(-1)?.sequence;
  // The kernel always keeps its newest message.
  if (newest === undefined || newest < start)
    return `the kernel log ${newest === undefined ? 'holds no message' : `ends at message ${newest}`}, and message ${start} was there when the run began`;
  const lost = newest - start - messages.length;
  return lost === 0
    ? undefined
    : `${counted(lost, 'message')} of the kernel since the run began ${lost === 1 ? 'is' : 'are'} lost`;
}

/** The defects among these messages, each once, with the words it began with. */
export function kernelDefects(messages: readonly KernelMessage[]): readonly KernelDefect[] {
  return messages.flatMap(({ text }, index) => {
    const [what] = DEFECTS.find(([, message]) => message.test(text)) ?? [];
    if (what === undefined) return [];
    const rest = messages.slice(index, index + TRACE_LINES).map((one) => one.text);
    const end = rest.findIndex((line) => line.startsWith('---[ end trace'));
    const trace = end === -1 ? rest : rest.slice(0, end);
    return [{ what, text, namesAgent: trace.some((line) => OF_AGENT.test(line)) }];
  });
}
