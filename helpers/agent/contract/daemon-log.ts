import { z } from 'zod';
import { jsonOf } from '../../files/ndjson.ts';
import { parseLogFields } from './log-fields.ts';
import { accepted, describeZodError, type Parsed, quote, refused } from './parsed.ts';
import { RUNTIME_STATES, SIGNALS } from './vocabulary.ts';

const LEVELS = ['DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'UNKNOWN'] as const;
type Level = (typeof LEVELS)[number];

/** One entry of the daemon's own log (docs/agent-contract.md §4.4). */
export interface LogEntry {
  readonly kind: 'log';
  readonly format: 'text' | 'json';
  /** As written: local time with ms in the text format, UTC with seconds in JSON. */
  readonly time: string;
  readonly level: Level;
  readonly message: string;
  /** Values are texts in both formats; of a repeated key the last counts. */
  readonly fields: ReadonlyMap<string, string>;
}

/** A line of standard error: the agent's entry, or somebody else's text (libbpf, libc). */
export type LogLine = LogEntry | { readonly kind: 'text'; readonly text: string };

const texts = z.record(z.string(), z.string());
const TEXT_ENTRY = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) \[([A-Z]+)\] (.*)$/s;

export function parseLogLine(line: string): LogLine {
  return (line.startsWith('{') ? jsonEntry(line) : textEntry(line)) ?? { kind: 'text', text: line };
}

function textEntry(line: string): LogEntry | undefined {
  const [, time = '', level = '', rest = ''] = TEXT_ENTRY.exec(line) ?? [];
  if (!isLevel(level)) return undefined;
  return { kind: 'log', format: 'text', time, level, ...parseLogFields(rest) };
}

function jsonEntry(line: string): LogEntry | undefined {
  const { timestamp: time, level, message, ...more } = texts.safeParse(jsonOf(line)).data ?? {};
  if (time === undefined || !isLevel(level) || message === undefined) return undefined;
  const fields = new Map(Object.entries(more));
  return { kind: 'log', format: 'json', time, level, message, fields };
}

function isLevel(word: string | undefined): word is Level {
  return LEVELS.some((level) => level === word);
}

const flag = z.enum(['true', 'false']).transform((word) => word === 'true');
const whole = z
  .string()
  .regex(/^\d{1,15}$/, 'expected a whole number')
  .transform(Number);

const started = z.looseObject({
  audit_only: flag,
  enforce_signal: z.enum(SIGNALS),
  lsm_enabled: flag,
  lsm_hook: z.string().min(1),
  /** The network maps exist; it does not say that network hooks are attached. */
  network_enabled: flag,
  runtime_state: z.enum(RUNTIME_STATES),
  /** One event line in so many decisions; 1 for all. */
  event_sample_rate: whole.optional(),
  /** 0 for the built-in size. */
  ringbuf_bytes: whole.optional(),
  seccomp: flag.optional(),
  landlock: flag.optional(),
  cap_drop: flag.optional(),
  break_glass: flag.optional(),
  /** Seconds; 0 for none. */
  deadman_ttl: whole.optional(),
  state_degradation_total: whole.optional(),
});

/**
 * Fields of the log message `Agent started`, the agent's word that it is ready (docs/agent-contract.md §5.1), spelled as
 * there. Optional ones are not in every version.
 */
export type AgentStarted = z.output<typeof started>;

/** Reads an `Agent started` entry; any other line is an error. */
export function agentStarted(line: LogLine): Parsed<AgentStarted> {
  if (line.kind !== 'log' || line.message !== 'Agent started') {
    const seen = line.kind === 'log' ? line.message : line.text;
    return refused(`expected the log message "Agent started", saw ${quote(seen)}`);
  }
  const document = Object.fromEntries(line.fields);
  const parsed = started.safeParse(document);
  return parsed.success
    ? accepted(parsed.data)
    : refused(`Agent started: ${describeZodError(parsed.error, document)}`);
}
