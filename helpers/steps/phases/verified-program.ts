import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import { withoutRule } from '../../coverage/judge-lines.ts';
import { FILES } from '../../coverage/site.ts';
import {
  isVerifiedDenied,
  judgePrograms,
  type ProgramsOrder,
  triedPrograms,
} from '../../coverage/verified-program.ts';
import { type Judgement, NotApplicable, noEvidence, together } from '../../criteria/judgement.ts';
import { askedOnce } from '../../workload/own-process.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { judgeDefect } from './known-defects.ts';

const SCRIPT = new URL('../../coverage/verified-program-process.ts', import.meta.url);
const SOURCE = 'coverage/enforce/verified-program.json';
const PATIENCE_MS = 120_000;

/**
 * A verified program may read a protected file, and one that lacks anything for that may not.
 * @throws NotApplicable where this host can verify no program, or this version protects no path.
 */
export async function onlyVerifiedRead(
  run: CanaryRun,
  { made, promises, missing }: Pick<CoverageSubjects, 'made' | 'promises' | 'missing'>,
  daemon: () => ReadyDaemon,
): Promise<Judgement> {
  if (promises.unknownSections.includes('protect_path'))
    throw new NotApplicable('this version has no [protect_path]');
  const { guarded, site } = made;
  if (missing.includes(guarded.path)) throw withoutRule(guarded.path);
  const { events } = daemon();
  const directory = join(site.directory, 'verity');
  mkdirSync(directory);
  const free = join(site.directory, FILES.beside);
  const order: ProgramsOrder = { directory, free, protected: guarded.path };
  const asked = await askedOnce({
    ...{ script: SCRIPT, order, answer: triedPrograms, patienceMs: PATIENCE_MS },
    environment: run.candidate.environment,
    begun: (pid) => events.watchProcess(pid),
  });
  if ('end' in asked)
    throw noEvidence(`the process that tries verified programs reported nothing (${asked.end})`, {
      source: SOURCE,
    });
  const tried = asked.told;
  run.directory.writeJson(SOURCE, tried);
  if ('impossible' in tried)
    throw new NotApplicable(`this host can verify no program: ${tried.impossible}`);
  const ofOthers = judgePrograms(tried.programs, SOURCE);
  if (!isVerifiedDenied(tried.programs)) return ofOthers;
  const finding = {
    ...{ title: 'a verified program is denied what is protected', severity: 'medium' as const },
    reference: 'docs/agent-contract.md §6.11',
    detail:
      "a copy of cat with fs-verity, root's, mode 0755 and below /usr, was denied a file of [protect_path], as an ordinary program is: nobody can read what is protected",
  };
  const measured = { value: 'denied', limit: 'let through', source: SOURCE };
  const ofVerified = judgeDefect(run.settings, 'verified-program-denied', finding, measured);
  return together([ofOthers, ofVerified]);
}
