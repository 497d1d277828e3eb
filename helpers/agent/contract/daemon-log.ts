import { parseLogFields } from './log-fields.ts';

export { type AgentStarted, agentStarted } from './agent-started.ts';

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
  const object = jsonObject(line);
  const fields = new Map<string, string>();
  for (const [key, value] of Object.entries(object)) {
    if (typeof value !== 'string') return undefined;
    fields.set(key, value);
  }
  const [time, level, message] = ['timestamp', 'level', 'message'].map((key) => {
    const value = fields.get(key);
    fields.delete(key);
    return value;
  });
  if (time === undefined || !isLevel(level) || message === undefined) return undefined;
  return { kind: 'log', format: 'json', time, level, message, fields };
}

function jsonObject(line: string): object {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

function isLevel(word: string | undefined): word is Level {
  return LEVELS.some((level) => level === word);
}
