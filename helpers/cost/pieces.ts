/** A piece of work that is done over and over: the same calls, with the agent and without. */
interface Piece {
  /** What is timed each time. */
  readonly words: string;
  /** The most that it may take with the agent, as a ratio of its time without, where the operator says nothing. */
  readonly limit: number;
}

/**
 * No rule names any file or address of them. The agent promises a p95 of at most 1.05 times for open and connect, and 15 % for
 * read and stat (docs/agent-contract.md §9.5); it promises nothing for a new process or a start, which get the latter.
 */
export const PIECES = {
  open: { words: 'open(2) and close(2) of a file', limit: 1.05 },
  stat: { words: 'statx(2) of a file', limit: 1.15 },
  read: { words: 'pread(2) of 4 KiB of an open file', limit: 1.15 },
  fork: {
    words: 'a process that ends at once: posix_spawn(3) of a file that is not there',
    limit: 1.15,
  },
  exec: { words: 'the start and the end of /bin/true', limit: 1.15 },
  'tcp-connect': { words: 'a TCP socket, connected to a listener on 127.0.0.1', limit: 1.05 },
  'udp-connect': { words: 'a UDP socket, connected to 127.0.0.1', limit: 1.05 },
} as const satisfies Readonly<Record<string, Piece>>;

export type PieceName = keyof typeof PIECES;
export const PIECE_NAMES = Object.keys(PIECES) as readonly PieceName[];

/** Promised nowhere, so it gets the widest limit of the pieces. */
export const COMMAND_LIMIT = 1.15;
