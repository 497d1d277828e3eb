import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { endianness } from 'node:os';

/** State of a listening TCP socket, and of a UDP socket that takes datagrams from anybody (include/net/tcp_states.h). */
const LISTENS: Readonly<Record<string, string>> = { tcp: '0A', tcp6: '0A', udp: '07', udp6: '07' };
/** __SO_ACCEPTCON (include/linux/net.h). */
const ACCEPTS = '00010000';
const ANSWER_TIMEOUT_MS = 4000;

/** What one process listens on. */
export interface Listeners {
  /** `tcp 127.0.0.1:9090`; of raw and packet sockets the table alone. */
  readonly network: readonly string[];
  /** Paths of Unix sockets; abstract ones begin with @. */
  readonly unix: readonly string[];
}

/** Inodes of the sockets that a process has open. */
function openSockets(folder: string): ReadonlySet<string> {
  const directory = `${folder}/fd`;
  const links = readdirSync(directory).map((fd) => {
    try {
      return readlinkSync(`${directory}/${fd}`);
    } catch {
      // Closed since.
      return '';
    }
  });
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}

/** A table of /proc/PID/net (proc_pid_net(5)) without its heading. @throws Error where it cannot be read. */
function rows(folder: string, table: string): string[][] {
  let text: string;
  try {
    text = readFileSync(`${folder}/net/${table}`, 'utf8');
  } catch (error) {
    // A kernel without IPv6 or packet sockets has no table of them; one of TCP is always there.
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (isMissing && table !== 'tcp') return [];
    throw error;
  }
  const [, ...lines] = text.trimEnd().split('\n');
  return lines.map((line) => line.trim().split(/\s+/));
}

/** `0100007F:1F90` on a little-endian host: the address is words of 32 bits as the host keeps them. */
export function addressText(hex: string, byteOrder = endianness()): string {
  const [address = '', port = ''] = hex.split(':');
  const words = Buffer.from(address, 'hex');
  const bytes = byteOrder === 'LE' ? words.swap32() : words;
  const text =
    bytes.length === 4
      ? [...bytes].join('.')
      : `[${(bytes.toString('hex').match(/.{4}/g) ?? []).join(':')}]`;
  return `${text}:${Number.parseInt(port, 16)}`;
}

/** @throws Error where its descriptors or the tables of sockets cannot be read. */
export function listenersOf(pid: number, proc = '/proc'): Listeners {
  const folder = `${proc}/${pid}`;
  const sockets = openSockets(folder);
  const inodeIn = (row: readonly string[], column: number) => sockets.has(row[column] ?? '');
  const bound = Object.entries(LISTENS).flatMap(([table, state]) =>
    rows(folder, table)
      .filter((row) => row[3] === state && inodeIn(row, 9))
      .map(([, local = '']) => `${table.slice(0, 3)} ${addressText(local)}`),
  );
  const raw = ['raw', 'raw6'].flatMap((table) =>
    rows(folder, table).flatMap((row) => (inodeIn(row, 9) ? [table] : [])),
  );
  const packet = rows(folder, 'packet').flatMap((row) => (inodeIn(row, 8) ? ['packet'] : []));
  const unix = rows(folder, 'unix').filter((row) => row[3] === ACCEPTS && inodeIn(row, 6));
  return {
    network: [...bound, ...raw, ...packet],
    unix: unix.map((row) => row.slice(7).join(' ') || 'without a name'),
  };
}

/** Whether anybody takes a connection there. @param address as `127.0.0.1:9090`. */
export function takesConnections(address: string): Promise<boolean> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: ANSWER_TIMEOUT_MS });
    const tell = (isTaken: boolean) => {
      socket.destroy();
      resolve(isTaken);
    };
    socket.once('connect', () => tell(true));
    socket.once('timeout', () => tell(false));
    socket.once('error', () => tell(false));
  });
}
