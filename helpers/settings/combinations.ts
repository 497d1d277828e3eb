import { realpathSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { isFile } from '../files/regular-file.ts';
import { quotedKnob, whyNot } from './cannot-begin.ts';
import type { Knobs } from './knobs.ts';
import { signingKey } from './signing-key.ts';

/** Trees that programs all over a host read: denying a file there is an outage, not a canary. */
const SYSTEM_TREES = [
  ...['/bin', '/boot', '/dev', '/etc', '/lib', '/lib32', '/lib64', '/libx32', '/proc', '/root'],
  ...['/run', '/sbin', '/sys', '/usr', '/var/lib', '/var/run'],
];

/** What cannot be used together, or is not there; knobs that could not be read are absent. */
export function combinationProblems(values: Partial<Knobs>): string[] {
  const problems: string[] = [];
  if (values.ENFORCE_SIGNAL === 'kill' && values.ALLOW_SIGKILL_CANARY === false) {
    problems.push(
      'ENFORCE_SIGNAL=kill: SIGKILL enforcement is exceptional containment testing; ' +
        'set ALLOW_SIGKILL_CANARY=1 to confirm it, or use ENFORCE_SIGNAL=term for the standard enforce canary',
    );
  }
  const besides = [
    values.SOAK_NET_WORKLOAD && 'SOAK_NET_WORKLOAD=1',
    values.HEADROOM && 'HEADROOM=1',
    values.SOAK_OPERATIONS?.length && `SOAK_OPERATIONS=${values.SOAK_OPERATIONS.join(',')}`,
  ].filter(Boolean);
  if (values.ENFORCE_SIGNAL === 'kill' && besides.length > 0) {
    problems.push(
      `${besides.join(', ')} with ENFORCE_SIGNAL=kill: their workers count denials in one process each, which the agent would kill; use term, int or none`,
    );
  }
  if (values.AEGIS_BPF_OBJ_PREVIOUS !== undefined && values.AEGIS_BIN_PREVIOUS === undefined) {
    problems.push(
      'AEGIS_BPF_OBJ_PREVIOUS: it belongs to AEGIS_BIN_PREVIOUS, which is not set; name both or neither',
    );
  }
  if (values.WORKLOAD_HEALTH_COMMAND !== undefined && values.WORKLOAD_UNIT === undefined) {
    problems.push(
      'WORKLOAD_HEALTH_COMMAND: it belongs to WORKLOAD_UNIT, which is not set; name both or neither',
    );
  }
  if (values.COMPARE_MAX_RATIO !== undefined && values.COMPARE_WITH === undefined) {
    problems.push(
      'COMPARE_MAX_RATIO: it belongs to COMPARE_WITH, which is not set; name both or neither',
    );
  }
  const ring = values.RINGBUF_BYTES;
  if (ring !== undefined && ring !== 0 && (ring < 4096 || (ring & (ring - 1)) !== 0)) {
    // Documentation/bpf/ringbuf.rst: the size is a power of two and a multiple of the page size.
    problems.push(
      `RINGBUF_BYTES=${ring}: expected 0 (the agent's default) or a power of two of at least 4096`,
    );
  }
  const key = values.SIGNING_KEY;
  const unusable = whyNot(() => signingKey(key));
  if (unusable !== undefined) problems.push(unusable);
  const attempts = (values.SOAK_RATE ?? Number.NaN) * (values.DURATION_SECONDS ?? Number.NaN);
  if (attempts < (values.MIN_TOTAL_DECISIONS ?? 0)) {
    problems.push(
      `MIN_TOTAL_DECISIONS=${values.MIN_TOTAL_DECISIONS}: SOAK_RATE × DURATION_SECONDS makes only ${attempts} attempts, so this run could never pass; raise SOAK_RATE or DURATION_SECONDS`,
    );
  }
  return [...problems, ...previousProblems(values), ...blockPathProblems(values.SOAK_BLOCK_PATH)];
}

/** The files of the former version: what is not there must be known before the host is touched. */
function previousProblems(values: Partial<Knobs>): string[] {
  const missing = (['AEGIS_BIN_PREVIOUS', 'AEGIS_BPF_OBJ_PREVIOUS'] as const).flatMap((name) => {
    const file = values[name];
    const isThere = file === undefined || isFile(file);
    return isThere ? [] : [`${name}=${quotedKnob(file)}: there is no such file`];
  });
  const { AEGIS_BIN_PREVIOUS: previous, AEGIS_BIN: candidate } = values;
  if (missing.length > 0 || previous === undefined || candidate === undefined) return missing;
  const object = values.AEGIS_BPF_OBJ_PREVIOUS ?? '';
  const isOther =
    realPath(previous) !== realPath(candidate) ||
    (object !== '' && realPath(object) !== realPath(values.AEGIS_BPF_OBJ ?? ''));
  return isOther
    ? []
    : [
        `AEGIS_BIN_PREVIOUS=${quotedKnob(previous)}: it is the candidate itself (AEGIS_BIN), and would be compared with itself; name the binary that production runs today`,
      ];
}

/** Where the path leads; the path itself when it leads nowhere yet. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function blockPathProblems(target: string | undefined): string[] {
  if (target === undefined) return [];
  const quoted = quotedKnob(target);
  if (
    !isAbsolute(target) ||
    target.includes('\0') ||
    resolve(target) !== target ||
    target === '/'
  ) {
    return [`SOAK_BLOCK_PATH=${quoted}: expected an absolute path without "." or ".." parts`];
  }
  const real = realPath(target);
  if (real !== target)
    return [
      `SOAK_BLOCK_PATH=${quoted}: a link on its way leads to ${quotedKnob(real)}; name the file itself`,
    ];
  const tree = SYSTEM_TREES.find((root) => target === root || target.startsWith(`${root}/`));
  if (tree === undefined) return [];
  return [
    `SOAK_BLOCK_PATH=${quoted}: files below ${tree} are read by programs all over the host, and the enforce phase would deny and signal them; ` +
      "leave it unset to use a file of the canary's own, or name one that only your test reads",
  ];
}
