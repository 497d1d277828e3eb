import { createHash, randomBytes, randomInt } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Journal } from '../changes/journal.ts';
import { ownCgroup, ownChildCgroup } from '../changes/own-cgroup.ts';
import { knownFile, type OwnFile, ownDirectory } from '../changes/own-file.ts';
import { unusedPort } from '../host/unused-port.ts';
import { makeLayers } from './own-overlay.ts';
import { RACE_NAMES } from './rename-race.ts';
import { FILES, type Site } from './site.ts';

/** The site, and the files of it that a rule is made for. */
export interface MadeSite {
  readonly site: Site;
  readonly denied: readonly OwnFile[];
  /** The paths that those rules name; others are named as here. */
  readonly rulePaths: readonly string[];
  readonly byNumber: OwnFile;
  readonly otherDevice: OwnFile;
  readonly otherHalf: OwnFile;
  readonly guarded: OwnFile;
  readonly byContent: HashedPrograms;
  /** Has a rule of one cgroup alone. */
  readonly scoped: OwnFile;
  /** A denied file that changes places with a free one, in a directory of their own. */
  readonly race: { readonly directory: string; readonly file: OwnFile };
}

/** Programs that a rule names by the hash of their content, in the directory where the agent is to look for it. */
interface HashedPrograms {
  readonly files: readonly OwnFile[];
  readonly sha256: string;
  readonly directory: string;
}

/** A small program of the host: what is executed is a copy of it. */
const PROGRAM = '/bin/true';
/** Runs until its input ends. */
const READER = '/bin/cat';
const TMPFS = 0x0102_1994n;
const TMPFS_DIRECTORIES = ['/dev/shm', '/run', '/tmp'];
/** As systemd writes a dash of a unit's name: neither JSON nor a label of a metric may repeat it as it is. */
const ESCAPED_NAME = '\\x2d';

/**
 * Makes files and picks addresses that nobody else has. Anybody may reach the files: ordinary users are to try.
 * @param hasSurvivor a program of ours may get onto the agent’s survival list.
 */
export function makeSite(parent: string, journal: Journal, hasSurvivor: boolean): MadeSite {
  const directory = ownDirectory(parent, journal);
  chmodSync(directory, 0o755);
  const at = (name: keyof typeof FILES) => join(directory, FILES[name]);
  const secret = openFile(at('secret'));
  const linked = openFile(at('linked'));
  for (const name of ['beside', 'stranger'] as const) openFile(at(name));
  // Of one that no route empties.
  openFile(at('copy'), at('linked'));
  linkSync(at('linked'), at('linkedAlias'));
  symlinkSync(FILES.secret, at('symlink'));
  mkdirSync(at('elsewhere'));
  openFile(join(at('elsewhere'), FILES.secret));
  const viaSymlink = openFile(at('viaSymlink'));
  symlinkSync(FILES.viaSymlink, at('ruleSymlink'));
  makeLayers(directory);
  mkdirSync(at('layers'));
  const lower = openFile(join(at('layers'), FILES.lower));
  writeFileSync(at('script'), `#!${at('program')}\n`, { mode: 0o700 });
  const program = copyProgram(at('program'));
  const survivors = hasSurvivor
    ? (['survivor', 'survivorTwin'] as const).map((name) => copyProgram(at(name), READER))
    : [];
  const names = programNames();
  mkdirSync(at('far'));
  for (const name of [...Object.values(names), join(FILES.far, names.denied)])
    copyProgram(join(directory, name));
  const byContent = makeHashed(at);
  const race = makeRace(directory);
  const numbered = fileOnTmpfs(directory, journal);
  mkdirSync(at('folder'));
  const folder = knownFile(at('folder'), '');
  const named = [
    secret,
    linked,
    program,
    lower,
    folder,
    race.file,
    survivors,
    numbered ?? [],
  ].flat();
  const byNumber = openFile(at('byNumber'));
  const guarded = openFile(at('guarded'));
  const ports = somePorts();
  return {
    denied: [...named, viaSymlink, byNumber, guarded, ...byContent.files],
    rulePaths: [...named.map(({ path }) => path), at('ruleSymlink')],
    ...{ byNumber, guarded, byContent, race },
    otherDevice: openFile(at('otherDevice')),
    otherHalf: openFile(at('otherHalf')),
    scoped: openFile(at('scoped')),
    site: {
      directory,
      numbered: numbered?.path,
      hasSurvivor,
      cgroups: makeCgroups(journal),
      names,
      ipv4: ipv4(ports),
      ipv6: ipv6(ports),
    },
  };
}

function makeRace(parent: string): MadeSite['race'] {
  const directory = join(parent, 'race');
  mkdirSync(directory);
  openFile(join(directory, RACE_NAMES.free));
  symlinkSync(RACE_NAMES.denied, join(directory, RACE_NAMES.link));
  return { directory, file: openFile(join(directory, RACE_NAMES.denied)) };
}

/** Its content is that of no file of the host: a rule on it concerns ours alone. What stands behind a program is not loaded. */
export const programOfOurs = () => Buffer.concat([readFileSync(PROGRAM), randomBytes(16)]);

function makeHashed(at: (name: keyof typeof FILES) => string): HashedPrograms {
  const directory = at('hashedDirectory');
  mkdirSync(directory);
  const content = programOfOurs();
  const otherByte = Buffer.from(content);
  otherByte.writeUInt8(content.readUInt8(content.length - 1) ^ 1, content.length - 1);
  writeFileSync(at('hashedOtherByte'), otherByte, { mode: 0o755 });
  const files = (['hashed', 'hashedTwin', 'hashedElsewhere'] as const).map((name) => {
    writeFileSync(at(name), content, { mode: 0o755 });
    return knownFile(at(name), '');
  });
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { directory, sha256, files: files.slice(0, 2) };
}

function copyProgram(path: string, program = PROGRAM): OwnFile {
  copyFileSync(program, path);
  chmodSync(path, 0o755);
  return knownFile(path, '');
}

/** The agent compares 15 characters; no program of the host has such a name. */
function programNames(): Site['names'] {
  const denied = `canary${randomInt(1_000_000, 10_000_000)}`;
  return { denied, longer: `${denied}x`, other: `x${denied}` };
}

function makeCgroups(journal: Journal): Site['cgroups'] {
  const allowed = ownCgroup(journal);
  const sibling = ownCgroup(journal, ESCAPED_NAME);
  const ruled = ownCgroup(journal);
  if (allowed === undefined || sibling === undefined || ruled === undefined) return undefined;
  return { allowed, child: ownChildCgroup(allowed), sibling, ruled };
}

/** Anybody may read and write it. @param like each file has a content of its own, but for a copy. */
function openFile(path: string, like = path): OwnFile {
  writeFileSync(path, `AegisBPF staging canary, ${like}\n`, { flag: 'wx' });
  chmodSync(path, 0o666);
  return knownFile(path, '');
}

/** Only a tmpfs numbers its files from the start, so that another one has the same numbers. */
function fileOnTmpfs(directory: string, journal: Journal): OwnFile | undefined {
  const isTmpfs = (path: string) => {
    try {
      return statfsSync(path, { bigint: true }).type === TMPFS;
    } catch {
      return false;
    }
  };
  if (isTmpfs(directory)) return openFile(join(directory, 'numbered'));
  const parent = TMPFS_DIRECTORIES.find(isTmpfs);
  if (parent === undefined) return undefined;
  return openFile(join(ownDirectory(parent, journal), 'numbered'));
}

/** How far each is from the first; the port behind each has no rule. */
const PORTS = {
  ...{ bindPort: 0, bothPort: 10, tcpPort: 20, pairPort: 30, scopedPort: 40, udpPort: 50 },
  ...{ pairTcpPort: 60, udpBothPort: 70, scopedBothPort: 80, scopedUdpPort: 90 },
  scopedUdpBothPort: 100,
} as const;

type Ports = Record<keyof typeof PORTS, number>;

function somePorts(): Ports {
  const first = unusedPort(Object.values(PORTS).flatMap((offset) => [offset, offset + 1]));
  const ports = Object.entries(PORTS).map(([name, offset]) => [name, first + offset]);
  return Object.fromEntries(ports) as Ports;
}

/** Of a network that is ours alone. @param first a multiple of four, so that four addresses from there are a network. */
function addresses(
  at: (last: number) => string,
  first: number,
  bits: number,
): Omit<Site['ipv4'], keyof Ports> {
  return {
    range: {
      network: `${at(first)}/${bits - 2}`,
      ...{ first: at(first), last: at(first + 3), before: at(first - 1), after: at(first + 4) },
    },
    ...{ address: at(first + 8), next: at(first + 9), free: at(first + 11), pair: at(first + 13) },
    scoped: at(first + 15),
  };
}

/** In 127.0.0.0/8, where a host has every address. */
function ipv4(ports: Ports): Site['ipv4'] {
  const network = `127.${randomInt(16, 255)}.${randomInt(1, 255)}`;
  return { ...addresses((last) => `${network}.${last}`, 4 * randomInt(1, 58), 32), ...ports };
}

/** In fd00::/8 (RFC 4193), on the loopback of a network namespace of the probe's own. */
function ipv6(ports: Ports): Site['ipv6'] {
  const group = () => randomInt(0x1000, 0xffff).toString(16);
  const network = ['fd77', group(), group(), group(), group(), group(), group()].join(':');
  const at = (last: number) => `${network}:${last.toString(16)}`;
  return { ...addresses(at, 4 * randomInt(0x400, 0x3f00), 128), ...ports };
}
