import { listSurvivors } from '../../changes/rules.ts';
import { type Survivor, stillRunning } from '../../coverage/survivors.ts';
import { fail, inconclusive, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { counted } from '../../text/counted.ts';
import type { CanaryRun } from '../canary-run.ts';
import { mustHave } from '../drill/usage.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';

const SOURCE = 'aegisbpf survival list';
const SHOWN = 5;
/** So many inodes it holds (docs/agent-contract.md §6.2). */
const MOST = 256;

/** Programs that no rule may deny are on the agent's list: those that ran from before its start on. */
export async function survivalListIsFilled(
  run: CanaryRun,
  subjects: Pick<CoverageSubjects, 'survivors'>,
): Promise<Judgement> {
  await mustHave({ run }, 'survival');
  const listed = await listSurvivors(run.candidate);
  return judgeSurvivors(stillRunning(subjects.survivors), listed);
}

/** @param running programs that belong on the list. @param listed inodes, as the agent tells them. */
export function judgeSurvivors(running: readonly Survivor[], listed: readonly string[]): Judgement {
  const programs = [...new Map(running.map((one) => [one.inode, one])).values()];
  if (programs.length === 0)
    throw noEvidence('no program that the survival list should hold ran all the while', {
      source: '/proc',
    });
  const missing = programs.filter(({ inode }) => !listed.includes(inode));
  const [value, limit] = [programs.length - missing.length, programs.length];
  const measured = { value, limit, unit: 'running programs listed', source: SOURCE };
  const words = missing.map(({ path, pid, inode }) => `${path} (pid ${pid}, inode ${inode})`);
  if (missing.length > 0 && listed.length >= MOST)
    return {
      ...inconclusive(
        `the survival list is full: it holds ${MOST} inodes, and this host runs more of those programs (each image of a container has its own shell); it lacks ${words.slice(0, SHOWN).join(', ')}, and whether the agent would list them nobody knows; try it on a host with fewer images`,
        measured,
      ),
      blames: 'host',
    };
  if (missing.length > 0)
    return fail(
      `the survival list lacks programs that ran before the agent's start, and a rule could take them away: ${words.slice(0, SHOWN).join(', ')}`,
      measured,
    );
  const init = programs.some(({ pid }) => pid === 1) ? ', that of pid 1 among them' : '';
  return pass(`${counted(limit, 'running program')} on the survival list${init}`, measured);
}
