import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Settings } from '../settings/settings.ts';
import type { EventFormat } from './contract/event-formats.ts';

export type Mode = 'audit' | 'enforce';
export type EnforceSignal = 'term' | 'kill' | 'int' | 'none';

/** How the agent is started. */
export interface DaemonOptions {
  /** Folder of the run directory that its output goes to. */
  readonly name: string;
  readonly mode: Mode;
  readonly enforceSignal: EnforceSignal;
  readonly allowSigkill: boolean;
  /** Bytes of the events ring; 0 leaves the agent's default (docs/agent-contract.md §1.3). */
  readonly ringbufBytes: number;
  /** `127.0.0.1:PORT` for the agent's metrics endpoint. */
  readonly metricsAddress: string;
  readonly readyTimeoutSeconds: number;
  /** Break-glass is set: it audits, whatever it is asked for (docs/agent-contract.md §5.1). */
  readonly underBreakGlass?: true;
  /** Nothing is said that the agent must do by itself, as the unit that ships with it leaves its variables unset (docs/agent-contract.md §0.5, §1.3). */
  readonly asShipped?: true;
  /** Its decisions are told in this format, and read so (docs/agent-contract.md §4.5); in the agent's own where absent. */
  readonly eventFormat?: EventFormat;
  /** AGENT_OPTIONS: those that production sets besides. */
  readonly ofProduction?: readonly string[];
  /** Options of `run` beyond these, as the drill's steps need them. */
  readonly more?: readonly string[];
}

/** A policy that names nearly every port leaves none to look for. */
const MOST_TRIES = 200;

/**
 * A loopback port for the metrics endpoint: the agent takes no port 0 (docs/agent-contract.md §3.3),
 * so one is asked of the kernel and given back.
 * @param policy the rules that will be in force: one on a bind to that port would be met by the agent itself.
 */
async function freeLoopbackPort(policy: string, tries = MOST_TRIES): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await once(server.close(), 'close');
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return policy.includes(`${port}`) && tries > 1 ? freeLoopbackPort(policy, tries - 1) : port;
}

/** How one life is started, by the knobs where it says nothing else. */
export async function daemonOptions(
  settings: Settings,
  life: Pick<DaemonOptions, 'name' | 'mode'> & Partial<DaemonOptions>,
): Promise<DaemonOptions> {
  const { ENFORCE_SIGNAL, RINGBUF_BYTES, READY_TIMEOUT_SECONDS, AGENT_OPTIONS } = settings;
  const { candidatePolicy = '' } = settings;
  const policy = Buffer.from(candidatePolicy, 'base64').toString('utf8');
  return {
    // SIGKILL would only lose the processes that watch; a phase that means it says so.
    enforceSignal: ENFORCE_SIGNAL === 'kill' ? 'term' : ENFORCE_SIGNAL,
    allowSigkill: false,
    ringbufBytes: RINGBUF_BYTES,
    metricsAddress: `127.0.0.1:${await freeLoopbackPort(policy)}`,
    readyTimeoutSeconds: READY_TIMEOUT_SECONDS,
    ...(AGENT_OPTIONS === undefined ? {} : { ofProduction: AGENT_OPTIONS }),
    ...life,
  };
}

/** The mode that it must be in once it has started. */
export const effectiveMode = ({
  mode,
  underBreakGlass,
}: Pick<DaemonOptions, 'mode' | 'underBreakGlass'>): Mode =>
  underBreakGlass === true ? 'audit' : mode;

/** What the agent does where it is told nothing. */
const BY_ITSELF: readonly string[] = [
  ...['--enforce', '--enforce-signal=term', '--ringbuf-bytes=16777216', '--log=stdout'],
];

/** The command line of the daemon (docs/agent-contract.md §1.3). */
export function runArguments(options: DaemonOptions): string[] {
  const told = [
    options.mode === 'audit' ? '--audit' : '--enforce',
    `--enforce-signal=${options.enforceSignal}`,
    ...(options.allowSigkill ? ['--allow-sigkill'] : []),
    ...(options.ringbufBytes > 0 ? [`--ringbuf-bytes=${options.ringbufBytes}`] : []),
    '--log=stdout',
    ...(options.eventFormat === undefined ? [] : [`--event-format=${options.eventFormat}`]),
  ];
  return [
    'run',
    ...(options.asShipped === true ? told.filter((one) => !BY_ITSELF.includes(one)) : told),
    ...(options.ofProduction ?? []),
    ...(options.more ?? []),
  ];
}
