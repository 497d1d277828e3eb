import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EventLog } from '../../agent/stream/event-log.ts';
import { knownFile, type OwnFile, ownFile } from '../../changes/own-file.ts';
import { noEvidence } from '../../criteria/judgement.ts';
import type { SideOperation } from '../../settings/knobs.ts';
import type { SideSubject } from '../../soak/side-work.ts';
import { attemptsOf } from '../../workload/attempts.ts';
import { LatencyHistogram } from '../../workload/open-latency.ts';

/** A denied file of ours for one operation besides open, each an inode of its own. */
export interface OperationFile {
  readonly operation: SideOperation;
  readonly file: OwnFile;
  /** The dynamic loader, which maps a program's file; for `mmap`. */
  readonly loader?: string;
}

/** A small program of the host: what is executed and mapped is a copy of it. */
const PROGRAM = '/bin/true';

/** The host's dynamic loader, as this very process was mapped by it. */
function dynamicLoader(): string {
  const report = process.report.getReport() as { sharedObjects?: readonly string[] };
  const loader = report.sharedObjects?.find((path) => /\/ld[-.][^/]*\.so/.test(path));
  if (loader !== undefined) return loader;
  throw noEvidence(
    'no dynamic loader is mapped into this process, so SOAK_OPERATIONS=mmap cannot be tried; leave mmap out',
    { source: 'SOAK_OPERATIONS' },
  );
}

function copiedProgram(directory: string, name: string): OwnFile {
  const path = join(directory, name);
  copyFileSync(PROGRAM, path);
  chmodSync(path, 0o700);
  return knownFile(path, '');
}

/** A file that is opened by other names, each made for it: not every filesystem has hard links. */
function throughNewName(
  operation: Exclude<SideOperation, 'exec' | 'mmap'>,
  directory: string,
): OperationFile {
  const file = ownFile(directory, operation);
  const counts = { attempts: 0, allowed: 0, eperm: 0, otherErrno: {}, signals: 0 };
  void attemptsOf(operation, { target: file.path }, { counts, latency: new LatencyHistogram() })();
  rmSync(`${file.path}.renamed-b`, { force: true });
  if (counts.allowed === 1) return { operation, file };
  const [outcome = 'EPERM'] = Object.keys(counts.otherErrno);
  throw noEvidence(
    `SOAK_OPERATIONS=${operation} does not work on ${file.path} even without a rule (${outcome}); name another PROBE_DIR`,
    { source: file.path },
  );
}

/**
 * Makes a file for each operation and proves that the operation works on it without a rule.
 * @throws JudgementError (inconclusive) where it does not: PROBE_DIR may forbid programs.
 */
export function operationFiles(
  operations: readonly SideOperation[],
  directory: string,
): OperationFile[] {
  return operations.map((operation) => {
    if (operation !== 'exec' && operation !== 'mmap') return throughNewName(operation, directory);
    const file = copiedProgram(directory, operation);
    const loader = operation === 'mmap' ? dynamicLoader() : undefined;
    const [program, ...args] = loader === undefined ? [file.path] : [loader, '--verify', file.path];
    try {
      execFileSync(program ?? '', args, { stdio: 'ignore', env: {} });
    } catch (error) {
      throw noEvidence(
        `SOAK_OPERATIONS=${operation} does not work on ${file.path} even without a rule (${(error as Error).message}); PROBE_DIR may be mounted noexec, name another`,
        { source: file.path },
      );
    }
    return { operation, file, ...(loader === undefined ? {} : { loader }) };
  });
}

/** What the soak does with them. */
export function operationSubjects(
  files: readonly OperationFile[],
  events: EventLog,
): SideSubject[] {
  return files.map(({ operation, file, loader }) => ({
    attempt: operation,
    target: file.path,
    loader,
    counted: file,
    decisions: events.watch(file),
  }));
}
