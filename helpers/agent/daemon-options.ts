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
  readonly commandTimeoutSeconds: number;
  /** Options of `run` beyond these, as the drill's steps need them. */
  readonly more?: readonly string[];
}

/** The command line of the daemon (docs/agent-contract.md §1.3). */
export function runArguments(options: DaemonOptions): string[] {
  return [
    'run',
    options.mode === 'audit' ? '--audit' : '--enforce',
    `--enforce-signal=${options.enforceSignal}`,
    ...(options.allowSigkill ? ['--allow-sigkill'] : []),
    ...(options.ringbufBytes > 0 ? [`--ringbuf-bytes=${options.ringbufBytes}`] : []),
    '--log=stdout',
    ...(options.more ?? []),
  ];
}
