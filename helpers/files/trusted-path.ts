import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Who may own what we run and where we write: root, we, whoever called sudo(8), and whoever owns the
 * suite's own code, for that is run as root anyway.
 */
function trustedOwners(): ReadonlySet<number> {
  const sudo = Number.parseInt(process.env.SUDO_UID ?? '', 10);
  const ours = statSync(import.meta.dirname).uid;
  return new Set([0, process.geteuid?.() ?? 0, ours, ...(Number.isNaN(sudo) ? [] : [sudo])]);
}

/** Whose a file or directory is, in words, when it is nobody's whom root may trust. */
export function strangersOwn(path: string): string | undefined {
  const { uid } = statSync(path);
  return trustedOwners().has(uid) ? undefined : `${path} belongs to user ${uid}`;
}

function replaceableOn(path: string): string | undefined {
  // An owner can replace what is in a directory whatever its mode, sticky or not.
  if (existsSync(path) && strangersOwn(path) !== undefined) return strangersOwn(path);
  for (let at = dirname(path); ; at = dirname(at)) {
    const { mode } = statSync(at);
    if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0) return `${at} is writable by all`;
    const owner = strangersOwn(at);
    if (owner !== undefined) return owner;
    if (at === '/') return undefined;
  }
}

/**
 * Why somebody else could put another file or directory in this one's place, or undefined when
 * nobody can. The path may not exist yet; its directory must.
 */
export function replaceable(path: string): string | undefined {
  const there = existsSync(path) ? path : dirname(path);
  // The way of the name too: whoever can replace a link on it decides where it leads.
  return replaceableOn(realpathSync(there)) ?? replaceableOn(path);
}
