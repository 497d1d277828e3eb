import { z } from 'zod';
import type { LogLine } from './daemon-log.ts';
import { accepted, describeZodError, type Parsed, quote, refused } from './parsed.ts';
import { RUNTIME_STATES, type RuntimeState, SIGNALS, type SignalName } from './vocabulary.ts';

/**
 * Fields of the log message `Agent started`, the agent's word that it is ready
 * (docs/agent-contract.md §5.1). Optional ones are not in every version.
 */
export interface AgentStarted {
  readonly auditOnly: boolean;
  readonly enforceSignal: SignalName;
  readonly lsmEnabled: boolean;
  readonly lsmHook: string;
  /** The network maps exist; it does not say that network hooks are attached. */
  readonly networkEnabled: boolean;
  readonly runtimeState: RuntimeState;
  /** One event line in so many decisions; 1 for all. */
  readonly eventSampleRate: number | undefined;
  /** 0 for the built-in size. */
  readonly ringbufBytes: number | undefined;
  readonly breakGlass: boolean | undefined;
  /** 0 for none. */
  readonly deadmanTtlSeconds: number | undefined;
  readonly stateDegradationTotal: number | undefined;
  /** All fields as written. */
  readonly fields: ReadonlyMap<string, string>;
}

const flag = z.enum(['true', 'false']).transform((word) => word === 'true');
const whole = z
  .string()
  .regex(/^\d{1,15}$/, 'expected a whole number')
  .transform(Number);

const schema = z.looseObject({
  audit_only: flag,
  enforce_signal: z.enum(SIGNALS),
  lsm_enabled: flag,
  lsm_hook: z.string().min(1),
  network_enabled: flag,
  runtime_state: z.enum(RUNTIME_STATES),
  event_sample_rate: whole.optional(),
  ringbuf_bytes: whole.optional(),
  break_glass: flag.optional(),
  deadman_ttl: whole.optional(),
  state_degradation_total: whole.optional(),
});

/** Reads an `Agent started` entry; any other line is an error. */
export function agentStarted(line: LogLine): Parsed<AgentStarted> {
  if (line.kind !== 'log' || line.message !== 'Agent started') {
    const seen = line.kind === 'log' ? line.message : line.text;
    return refused(`expected the log message "Agent started", saw ${quote(seen)}`);
  }
  const document = Object.fromEntries(line.fields);
  const parsed = schema.safeParse(document);
  if (!parsed.success) return refused(`Agent started: ${describeZodError(parsed.error, document)}`);
  const { data } = parsed;
  return accepted({
    auditOnly: data.audit_only,
    enforceSignal: data.enforce_signal,
    lsmEnabled: data.lsm_enabled,
    lsmHook: data.lsm_hook,
    networkEnabled: data.network_enabled,
    runtimeState: data.runtime_state,
    eventSampleRate: data.event_sample_rate,
    ringbufBytes: data.ringbuf_bytes,
    breakGlass: data.break_glass,
    deadmanTtlSeconds: data.deadman_ttl,
    stateDegradationTotal: data.state_degradation_total,
    fields: line.fields,
  });
}
