/** What a route leads to; all are files and addresses of the canary's own. */
type Expected =
  /** A deny rule concerns it: refused with EPERM in enforce, recorded in both modes. */
  | 'denied'
  /** No rule concerns it, or the agent documents that it stays open: it passes without a decision. */
  | 'open';

/** One line of the table belongs to one criterion of each mode; in the runbook's order. */
export const GROUPS = [
  ...(['open-modes', 'aliases', 'exec', 'kinds', 'truncate', 'controls', 'near-misses'] as const),
  ...(['overlay-truncate', 'network', 'network-near-misses', 'mapped'] as const),
  ...(['unspec', 'short-address', 'misnamed-send', 'far-name', 'accepted-peers'] as const),
  ...(['exemptions', 'survival', 'by-number', 'protected'] as const),
  ...(['cgroup-rules', 'by-content', 'copy-up'] as const),
] as const;

export type Group = (typeof GROUPS)[number];

/** Who takes a route: each is a process of its own. */
export const KINDS = {
  root: 'root',
  execveat: 'a process of its own for execveat',
  user: 'an ordinary user',
  thread: 'a thread that is not the leader',
  'mount-namespace': 'a process in another mount namespace',
  'pid-namespace': 'a process in another pid namespace',
  'user-namespace': 'a process in another user namespace',
  'network-namespace': 'a process in another network namespace',
  'cgroup-namespace': 'a process in another cgroup namespace',
  'all-namespaces': 'a process in namespaces of all kinds, as in a container',
  chroot: 'a process in a chroot',
  seccomp: 'a process with a seccomp filter',
  'hostile-name': 'a process with quotes, a backslash and a line break in its name',
  'agent-name': 'a process that is named as the agent is',
  service: 'a process in a systemd service',
  scope: 'a process in a scope below user.slice',
  early: 'a process from before the agent’s start',
  holder: 'a process that opened the file before its rule',
  'socket-holder': 'a process whose sockets are from before the rules',
  'network-ipv6-holder': 'a process whose IPv6 sockets are from before the rules',
  'overlay-holder': 'a process with an overlay from before the rules',
  exempt: 'a process in an allowed cgroup',
  'exempt-child': 'a process in a cgroup below an allowed one',
  'exempt-sibling': 'a process in a cgroup beside an allowed one',
  ruled: 'a process in a cgroup with rules of its own',
  neighbour: 'root, beside the rules',
  network: 'root, by IPv4',
  'network-user': 'an ordinary user, by IPv4',
  'network-ipv6': 'root, by IPv6',
  'network-neighbour': 'root, beside the IPv4 rules',
  'network-ipv6-neighbour': 'root, beside the IPv6 rule',
} as const;

export type Kind = keyof typeof KINDS;
export const isKind = (name: string): name is Kind => Object.hasOwn(KINDS, name);

/** A way to a file or address, in words. */
export const ROUTES = {
  read: 'open for reading',
  write: 'open for writing',
  'read-write': 'open for both',
  append: 'open for appending',
  'truncate-on-open': 'open with O_TRUNC',
  'create-existing': 'open with O_CREAT on the existing name',
  openat2: 'openat2',
  'folder-read': 'opening a denied directory',
  relative: 'a relative path with ..',
  'open-by-handle': 'open_by_handle_at',
  'io-uring': 'openat by an io_uring worker',
  'path-descriptor-reopened': 'O_PATH, opened again through /proc/self/fd',
  'proc-pid-root': '/proc/PID/root',
  'proc-pid-cwd': '/proc/PID/cwd',
  'symlink-before': 'a symbolic link from before the rule',
  'symlink-after': 'a symbolic link made after the rule',
  'rule-by-symlink': 'a name whose rule was made through a symbolic link',
  'hardlink-before': 'a hard link from before the rule',
  'hardlink-after': 'a hard link made after the rule',
  rename: 'another name after a rename',
  exchange: 'another name after RENAME_EXCHANGE',
  'bind-mount': 'a bind mount',
  exec: 'exec',
  execveat: 'execveat on a descriptor',
  interpreter: 'a script whose interpreter it is',
  mmap: 'mmap after an open',
  'exec-by-name': 'exec of a program by its denied name',
  'exec-by-name-far': 'exec of a program by its denied name, behind a path of many characters',
  'exec-longer-name': 'exec of a program whose name begins with the denied one',
  'exec-other-name': 'exec of that program by another name',
  'overlay-read': 'open for reading through an overlay',
  'overlay-append': 'open for appending through an overlay, which copies the file up',
  'overlay-truncate': 'open with O_TRUNC through an overlay',
  truncate: 'truncate(2) by path',
  'held-read': 'reading a descriptor from before the rule',
  'held-write': 'writing to a descriptor from before the rule',
  'path-descriptor': 'an open with O_PATH alone',
  stat: 'stat',
  beside: 'the file beside it',
  'same-number': 'the same inode number on another filesystem',
  'same-name': 'a file of the same name elsewhere',
  copy: 'a copy of it',
  replaced: 'a file that took its name',
  'tcp-connect': 'a TCP connect to the address',
  'udp-connect': 'a UDP connect to the address',
  'udp-send': 'a sendto to the address',
  'udp-sendmsg': 'a sendmsg to the address',
  'udp-sendmmsg': 'a sendmmsg to the address and to another one',
  'fastopen-send': 'a sendto to the address that connects by TCP (MSG_FASTOPEN)',
  'lite-send': 'a UDP-Lite send to the address',
  'icmp-send': 'a raw ICMP echo request to the address',
  'icmp-connect': 'a connect to the address by an ICMP socket',
  'tcp-bind': 'a TCP bind to the port',
  'udp-bind': 'a UDP bind to the port',
  'both-bind': 'a UDP bind to the port of direction both',
  'both-connect': 'a UDP connect to the port of direction both',
  'held-listen': 'listen on the port',
  'held-accept': 'accept on the port',
  'held-receive': 'a receive from the address',
  'held-send': 'a send to the address by a socket that was connected before',
  'held-tcp-send': 'a send to the address over a TCP connection from before',
  'held-misnamed-tcp-send': 'a send over a TCP connection from before that names another address',
  'peer-accept': 'accept of a connection from the address',
  'mapped-connect': 'a UDP connect to the address in its IPv6 form',
  'unspec-send': 'a sendto to the address that names no address family',
  'unspec-bind': 'a UDP bind to the port that names no address family',
  'short-send': 'a sendto to the address in the 24 bytes of RFC 2133',
  'next-accept': 'accept of a connection from the next address',
  'next-tcp-connect': 'a TCP connect to the next address',
  'next-udp-connect': 'a UDP connect to the next address',
  'next-udp-send': 'a sendto to the next address',
  'next-udp-sendmsg': 'a sendmsg to the next address',
  'next-unspec-send': 'a sendto to the next address that names no address family',
  'next-unspec-bind': 'a bind to the next port that names no address family',
  'next-short-send': 'a sendto to the next address in the 24 bytes of RFC 2133',
  'next-fastopen-send': 'a sendto to the next address that connects by TCP (MSG_FASTOPEN)',
  'next-lite-send': 'a UDP-Lite send to the next address',
  'next-icmp-send': 'a raw ICMP echo request to the next address',
  'next-icmp-connect': 'a connect to the next address by an ICMP socket',
  'next-udp-bind': 'a bind to the next port',
  'next-both-bind': 'a bind to the next port of direction both',
  'next-both-connect': 'a connect to the next port of direction both',
  'bind-port-connect': 'a connect to the port of direction bind',
  'range-first-connect': 'a UDP connect to the first address of the network',
  'range-last-connect': 'a UDP connect to the last address of the network',
  'range-send': 'a sendto to the last address of the network',
  'before-range-connect': 'a UDP connect to the address before the network',
  'after-range-connect': 'a UDP connect to the address after the network',
  'pair-connect': 'a UDP connect to the address and port of one rule',
  'pair-tcp-connect': 'a TCP connect to the address and port of one rule',
  'pair-send': 'a sendto to the address and port of one rule',
  'tcp-pair-connect': 'a TCP connect to the address and port of a rule of protocol tcp',
  'other-protocol-pair-connect':
    'a UDP connect to the address and port of that rule of protocol tcp',
  'pair-next-port-connect': 'a UDP connect to that address and the next port',
  'pair-other-address-connect': 'a UDP connect to that port of another address',
  'tcp-port-connect': 'a TCP connect to the port of protocol tcp',
  'mptcp-port-connect': 'a connect by MPTCP to the port of protocol tcp',
  'udp-both-port-connect': 'a UDP connect to the port of protocol udp and direction both',
  'udp-both-port-bind': 'a UDP bind to the port of protocol udp and direction both',
  'other-protocol-connect': 'a UDP connect to the port of protocol tcp',
  'other-protocol-both-bind': 'a TCP bind to the port of protocol udp and direction both',
  'udp-port-connect': 'a UDP connect to the port of protocol udp',
  'udp-port-send': 'a sendto to the port of protocol udp',
  'other-protocol-tcp-connect': 'a TCP connect to the port of protocol udp',
  'egress-port-bind': 'a TCP bind to the port of direction egress',
  'survivor-read': 'open for reading of a running program of the survival list',
  'survivor-exec': 'exec of a running program of the survival list',
  'twin-read': 'open for reading of its copy that does not run',
  'twin-exec': 'exec of its copy that does not run',
  'number-read': 'open for reading of a file denied by its inode number',
  'number-append': 'open for appending of a file denied by its inode number',
  'number-hardlink': 'another name of a file denied by its inode number',
  'number-other-device': 'a file whose number is denied on another device',
  'number-other-half': 'a file whose number is denied with another upper half',
  'hashed-read': 'open for reading of a file denied by the hash of its content',
  'hashed-exec': 'exec of a file denied by the hash of its content',
  'hashed-twin-read': 'open for reading of another file of that content',
  'hashed-other-byte': 'a copy of it that differs by one byte',
  'hashed-elsewhere': 'a copy of it in a directory that the policy does not name',
  'merged-read': 'open for reading of a file denied by its number in an overlay',
  'merged-chmod': 'chmod of such a file, which copies it up',
  'merged-truncate': 'truncate(2) of such a file, which copies it up',
  'merged-beside': 'chmod of the file beside it, which copies that one up',
  'merged-lower': 'open for reading of the file below it, which has the same number elsewhere',
  'guarded-read': 'open for reading of a protected file',
  'guarded-append': 'open for appending of a protected file',
  'scoped-read': 'open for reading of the file that is denied to one cgroup',
  'scoped-append': 'open for appending of the file that is denied to one cgroup',
  'scoped-tcp-connect': 'a TCP connect to the address that is denied to one cgroup',
  'scoped-connect': 'a UDP connect to the address that is denied to one cgroup',
  'scoped-send': 'a sendto to the address that is denied to one cgroup',
  'scoped-port-connect': 'a UDP connect to the port that is denied to one cgroup',
  'scoped-port-send': 'a sendto to the port that is denied to one cgroup',
  'scoped-port-both-connect':
    'a UDP connect to the port that is denied to one cgroup in both directions',
  'scoped-port-udp-connect':
    'a UDP connect to the port of protocol udp that is denied to one cgroup',
  'scoped-port-udp-both-connect':
    'a UDP connect to the port of protocol udp that is denied to one cgroup in both directions',
  'scoped-next-connect': 'a UDP connect to the port after the one that is denied to one cgroup',
} as const;

export type Route = keyof typeof ROUTES;

/** Denied by the name of the program alone. */
export const BY_DENIED_NAME: readonly Route[] = ['exec-by-name', 'exec-by-name-far'];

/** One line of the table: who takes which route, and what must come of it. */
export interface Line {
  readonly kind: Kind;
  readonly route: Route;
  readonly group: Group;
  readonly expected: Expected;
}

const lines = (
  group: Group,
  expected: Expected,
  kind: Kind,
  ...routes: readonly Route[]
): readonly Line[] => routes.map((route) => ({ kind, route, group, expected }));

/** The rule of pairs: every kind of process with every kind of access, one route of each; root takes all routes. */
const ACCESSES: readonly Route[] = ['read', 'append', 'exec'];
/** A chroot holds no loader that the program could start with; a thread of ours starts no program by itself. */
const WITHOUT_EXEC: readonly Kind[] = ['chroot', 'thread'];
const PAIRED: readonly Kind[] = [
  ...(['user', 'thread', 'mount-namespace', 'pid-namespace', 'user-namespace'] as const),
  ...(['network-namespace', 'cgroup-namespace', 'all-namespaces'] as const),
  ...(['chroot', 'seccomp', 'hostile-name', 'agent-name'] as const),
  ...(['service', 'scope', 'early'] as const),
];

const pairs = PAIRED.flatMap((kind) =>
  lines(
    'kinds',
    'denied',
    kind,
    ...ACCESSES.filter((route) => route !== 'exec' || !WITHOUT_EXEC.includes(kind)),
  ),
);

/** An ordinary user has lines of its own, a thread of ours connects to nothing, and no rehearsal can deny a connect from another pid namespace. */
const WITHOUT_CONNECT: readonly Kind[] = ['user', 'thread', 'pid-namespace', 'all-namespaces'];
const connects = PAIRED.filter((kind) => !WITHOUT_CONNECT.includes(kind)).flatMap((kind) =>
  lines('network', 'denied', kind, 'udp-connect'),
);

const WITH_RULES: readonly Kind[] = ['network', 'network-ipv6'];
const MESSAGES: readonly Route[] = ['udp-sendmsg', 'udp-sendmmsg'];
/** Neither TCP nor UDP. A connect by ICMP needs a network namespace of its own, in which root may make such sockets. */
const OTHER_PROTOCOLS: readonly Route[] = ['lite-send', 'icmp-send'];
const BESIDE_OTHER_PROTOCOLS: readonly Route[] = ['next-lite-send', 'next-icmp-send'];
const HOLDERS: readonly Kind[] = ['socket-holder', 'network-ipv6-holder'];
const HELD: readonly Route[] = [
  ...(['held-listen', 'held-accept', 'held-receive', 'held-send', 'held-tcp-send'] as const),
];
const BESIDE_RULES: readonly Kind[] = ['network-neighbour', 'network-ipv6-neighbour'];
/** Of networks, of an address with a port, and of either with a protocol. */
const RULES_OF_MORE: readonly Route[] = [
  ...(['range-first-connect', 'range-last-connect', 'range-send'] as const),
  ...(['pair-connect', 'pair-tcp-connect', 'tcp-port-connect', 'mptcp-port-connect'] as const),
  ...(['udp-port-connect', 'udp-port-send', 'tcp-pair-connect', 'pair-send'] as const),
  ...(['udp-both-port-connect', 'udp-both-port-bind'] as const),
];
const BESIDE_MORE: readonly Route[] = [
  ...(['before-range-connect', 'after-range-connect'] as const),
  ...(['pair-next-port-connect', 'pair-other-address-connect'] as const),
  ...(['other-protocol-connect', 'other-protocol-tcp-connect', 'egress-port-bind'] as const),
  ...(['other-protocol-pair-connect', 'other-protocol-both-bind'] as const),
];

/** What is denied to the processes of one cgroup, and free in every other. */
const IN_ONE_CGROUP: readonly Route[] = [
  ...(['scoped-read', 'scoped-append', 'scoped-tcp-connect', 'scoped-connect'] as const),
  ...(['scoped-send', 'scoped-port-connect', 'scoped-port-send'] as const),
  ...(['scoped-port-both-connect', 'scoped-port-udp-connect'] as const),
  'scoped-port-udp-both-connect',
];

const nearMisses = (kind: Kind, ...routes: readonly Route[]) =>
  lines('network-near-misses', 'open', kind, ...routes);

/** Everything that is tried, in the order in which each kind of process takes its routes. */
export const TABLE: readonly Line[] = [
  ...lines('open-modes', 'denied', 'root', 'read', 'write', 'read-write', 'append'),
  ...lines('open-modes', 'denied', 'root', 'truncate-on-open', 'create-existing', 'openat2'),
  ...lines('open-modes', 'denied', 'root', 'folder-read'),
  ...lines('aliases', 'denied', 'root', 'relative', 'open-by-handle', 'io-uring'),
  ...lines('aliases', 'denied', 'root', 'path-descriptor-reopened', 'proc-pid-root'),
  ...lines('aliases', 'denied', 'root', 'proc-pid-cwd', 'symlink-before', 'symlink-after'),
  ...lines('aliases', 'denied', 'root', 'rule-by-symlink'),
  ...lines('aliases', 'denied', 'root', 'hardlink-before', 'hardlink-after', 'rename', 'exchange'),
  ...lines('aliases', 'denied', 'mount-namespace', 'bind-mount', 'overlay-read', 'overlay-append'),
  ...lines('exec', 'denied', 'root', 'exec', 'interpreter', 'mmap', 'exec-by-name'),
  ...lines('exec', 'denied', 'execveat', 'execveat'),
  ...lines('far-name', 'denied', 'root', 'exec-by-name-far'),
  ...lines('truncate', 'denied', 'root', 'truncate'),
  ...pairs,
  ...lines('overlay-truncate', 'denied', 'mount-namespace', 'overlay-truncate'),
  ...lines('controls', 'open', 'holder', 'held-read', 'held-write', 'path-descriptor', 'stat'),
  ...lines('near-misses', 'open', 'neighbour', 'beside', 'same-number', 'same-name', 'copy'),
  ...lines('near-misses', 'open', 'neighbour', 'replaced'),
  ...lines('near-misses', 'open', 'neighbour', 'exec-longer-name', 'exec-other-name'),
  ...lines('network', 'denied', 'network', 'tcp-connect', 'udp-connect', 'udp-send'),
  ...lines('network', 'denied', 'network', 'tcp-bind', 'udp-bind', 'both-bind', 'both-connect'),
  ...lines('network', 'denied', 'network-user', 'tcp-connect', 'udp-send', 'udp-bind'),
  ...lines('network', 'denied', 'network-ipv6', 'tcp-connect', 'udp-connect', 'udp-send'),
  ...lines('network', 'denied', 'network-ipv6', 'udp-bind', 'both-bind', 'both-connect'),
  ...WITH_RULES.flatMap((kind) => lines('network', 'denied', kind, ...MESSAGES, ...RULES_OF_MORE)),
  ...WITH_RULES.flatMap((kind) => lines('network', 'denied', kind, ...OTHER_PROTOCOLS)),
  ...WITH_RULES.flatMap((kind) => lines('network', 'denied', kind, 'fastopen-send')),
  ...lines('network', 'denied', 'network-ipv6', 'icmp-connect'),
  ...nearMisses('network-neighbour', 'next-tcp-connect', 'next-udp-connect', 'next-udp-send'),
  ...nearMisses('network-neighbour', 'next-udp-bind', 'next-both-bind', 'next-both-connect'),
  ...nearMisses('network-neighbour', 'bind-port-connect'),
  ...BESIDE_RULES.flatMap((kind) => nearMisses(kind, 'next-accept', 'next-udp-sendmsg')),
  ...nearMisses('network-ipv6-neighbour', 'next-tcp-connect', 'next-udp-connect', 'next-udp-send'),
  ...BESIDE_RULES.flatMap((kind) => nearMisses(kind, ...BESIDE_MORE, ...BESIDE_OTHER_PROTOCOLS)),
  ...BESIDE_RULES.flatMap((kind) => nearMisses(kind, 'next-fastopen-send')),
  ...nearMisses('network-ipv6-neighbour', 'next-icmp-connect', 'next-short-send'),
  ...nearMisses('network-neighbour', 'next-unspec-send', 'next-unspec-bind'),
  ...connects,
  ...lines('network', 'denied', 'network-namespace', 'icmp-connect'),
  ...nearMisses('network-namespace', 'next-icmp-connect'),
  ...HOLDERS.flatMap((kind) => lines('network', 'denied', kind, ...HELD)),
  ...lines('mapped', 'denied', 'network', 'mapped-connect'),
  ...lines('unspec', 'denied', 'network', 'unspec-send', 'unspec-bind'),
  ...lines('short-address', 'denied', 'network-ipv6', 'short-send'),
  ...HOLDERS.flatMap((kind) => lines('misnamed-send', 'denied', kind, 'held-misnamed-tcp-send')),
  ...WITH_RULES.flatMap((kind) => lines('accepted-peers', 'denied', kind, 'peer-accept')),
  ...lines('exemptions', 'open', 'exempt', 'read', 'append', 'exec', 'udp-connect', 'udp-send'),
  ...lines('exemptions', 'open', 'exempt', 'tcp-connect', 'udp-bind'),
  ...lines('exemptions', 'denied', 'exempt-child', 'read', 'udp-connect'),
  ...lines('exemptions', 'denied', 'exempt-sibling', 'read', 'udp-connect'),
  ...lines('survival', 'open', 'neighbour', 'survivor-read', 'survivor-exec'),
  ...lines('survival', 'denied', 'root', 'twin-read', 'twin-exec'),
  ...lines('by-number', 'denied', 'root', 'number-read', 'number-append', 'number-hardlink'),
  ...lines('by-number', 'open', 'neighbour', 'number-other-device', 'number-other-half'),
  ...lines('protected', 'denied', 'root', 'guarded-read', 'guarded-append'),
  ...lines('protected', 'denied', 'early', 'guarded-read'),
  ...lines('cgroup-rules', 'denied', 'ruled', ...IN_ONE_CGROUP),
  ...lines('cgroup-rules', 'open', 'ruled', 'beside', 'scoped-next-connect'),
  ...lines('cgroup-rules', 'open', 'exempt-sibling', ...IN_ONE_CGROUP),
  ...lines('by-content', 'denied', 'root', 'hashed-read', 'hashed-exec', 'hashed-twin-read'),
  ...lines('by-content', 'open', 'neighbour', 'hashed-other-byte', 'hashed-elsewhere'),
  ...lines('copy-up', 'denied', 'overlay-holder', 'merged-read', 'merged-chmod', 'merged-truncate'),
  ...lines('copy-up', 'open', 'overlay-holder', 'merged-beside', 'merged-lower'),
];

/** A line in words. */
export const lineText = ({ kind, route }: Pick<Line, 'kind' | 'route'>) =>
  `${ROUTES[route]} by ${KINDS[kind]}`;
