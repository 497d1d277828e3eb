import { type LogLine, parseLogLine } from './daemon-log.ts';
import { parseMetrics } from './metrics.ts';
import {
  parseAllowList,
  parseBlockList,
  parseDenyDb,
  parseNetworkDenyList,
  parsePolicyShow,
} from './rules.ts';

/** For tests and benchmarks only: lines that a careless pattern reads in quadratic time. */
export interface HostileLine {
  readonly reader: string;
  readonly part: string;
  /** Reads the line with the part so many times in it. @returns what a longer line must give alike. */
  readonly read: (times: number) => unknown;
}

const HEADINGS = ['Denied IPs:', 'Denied CIDRs:', 'Denied Ports:', 'Denied IP:Port Rules:'];

function logAnswer(line: LogLine): unknown {
  return line.kind === 'text' ? line.kind : [line.level, [...line.fields.keys()]];
}

/** Texts and offsets grow with the line; whether and where it is refused does not. */
function answer(parsed: { ok: true } | { ok: false; error: string }): unknown {
  return parsed.ok || /^[^:]*: expected .*?, saw/s.exec(parsed.error)?.[0];
}

const LOG_PARTS = [' {', ' {a=', ' {a="', ' {a="\\" ', 'a=", ', '"', ' {a=", a=', 'a', '\\\\'];
const LOG_FRAMES = [
  (many: string) => `${many}}`,
  (many: string) => `m {a="${many}}`,
  (many: string) => `m {a="${many}"}`,
];
const RULE_PARTS = [' (1:', ' (1:2)', '1', ':', '(', '/', '[', '  1 ('];
const RULE_READERS = {
  'block list': parseBlockList,
  'deny.db': parseDenyDb,
  'allow list': parseAllowList,
  'policy show': parsePolicyShow,
};
const METRICS_PARTS = ['1', 'a{', '{a="', '\\"', ' ', 'a="",', '# TYPE '];
const METRICS_FRAMES = [
  (many: string) => `a ${many}x\n`,
  (many: string) => `a{x="${many}\n`,
  (many: string) => `${many}\n`,
];

export const HOSTILE_LINES: readonly HostileLine[] = [
  ...LOG_PARTS.flatMap((part) =>
    LOG_FRAMES.map((frame) => ({
      ...{ reader: 'log', part },
      read: (times: number) =>
        logAnswer(parseLogLine(`2026-11-23 11:29:42.576 [INFO] ${frame(part.repeat(times))}`)),
    })),
  ),
  ...Object.entries(RULE_READERS).flatMap(([reader, parse]) =>
    RULE_PARTS.flatMap((part) =>
      ['', '/'].map((start) => ({
        ...{ reader, part },
        read: (times: number) => answer(parse(`${start}${part.repeat(times)}x\n`)),
      })),
    ),
  ),
  ...HEADINGS.flatMap((_, index) =>
    RULE_PARTS.map((part) => ({
      ...{ reader: 'network deny list', part },
      read: (times: number) =>
        answer(
          parseNetworkDenyList(
            [...HEADINGS.slice(0, index + 1), `  ${part.repeat(times)}x`, ''].join('\n'),
          ),
        ),
    })),
  ),
  ...METRICS_PARTS.flatMap((part) =>
    METRICS_FRAMES.map((frame) => ({
      ...{ reader: 'metrics', part },
      read: (times: number) => answer(parseMetrics(frame(part.repeat(times)))),
    })),
  ),
];
