import { judgeCandidateFile } from '../../agent/candidate.ts';
import { agentEnvironment, type Candidate, outputText } from '../../agent/command.ts';
import { mustLive } from '../../agent/lives.ts';
import {
  fail,
  type Judgement,
  JudgementError,
  NotApplicable,
  noEvidence,
  pass,
} from '../../criteria/judgement.ts';
import { sha256OfFile } from '../../files/sha256.ts';
import { DECISION_FAMILIES, familyTotal } from '../../soak/counters.ts';
import { judgeDefect } from '../phases/known-defects.ts';
import type { DrillStage } from './stage.ts';

/** How the agent says that the pinned maps are of another layout (docs/agent-contract.md §5.3). */
const LAYOUT_MISMATCH = /layout version mismatch/i;

/** Candidate → previous → candidate over the same pinned maps: rules and counters go along. */
export async function downgradeAndUpgrade(stage: DrillStage): Promise<Judgement> {
  const { previous } = stage.run;
  if (previous === undefined) {
    throw new NotApplicable(
      'no previous version was named; set AEGIS_BIN_PREVIOUS to the binary that production runs today',
    );
  }
  const { executable } = previous;
  const environment = agentEnvironment(previous);
  const file = judgeCandidateFile(executable, 'AEGIS_BIN_PREVIOUS');
  if (file.verdict !== 'pass') return file;
  const sha256 = await sha256OfFile(executable);
  stage.run.directory.writeJson('rollback/previous.json', { executable, environment, sha256 });
  await stage.runningAgent();
  const before = await decisions(stage);
  await stage.stopAgent();
  const down = await lifeOf(stage, 'previous', previous);
  if (down.verdict !== 'pass') return down;
  if (down.findings !== undefined) {
    // Accepted by somebody: there is no way back over these maps, and the drill goes on without it.
    await stage.runningAgent();
    return down;
  }
  await stage.stopAgent();
  const up = await lifeOf(stage, 'upgraded', stage.run.candidate);
  if (up.verdict !== 'pass' || up.findings !== undefined) return up;
  const after = await decisions(stage);
  const measured = { value: after, limit: before, unit: 'decisions', source: 'aegisbpf metrics' };
  return after < before
    ? fail(`the decision counters went backwards on the way: ${before} → ${after}`, measured)
    : pass(
        `the previous version and the candidate again enforce the same rules; decisions ${before} → ${after}`,
        measured,
      );
}

/** One life on the maps as they are: it must enforce what was enforced before. */
async function lifeOf(stage: DrillStage, name: string, candidate: Candidate): Promise<Judgement> {
  const starting = await stage.launch({ name, candidate });
  const ready = await starting.ready().catch((error: unknown) => {
    if (error instanceof JudgementError) return error.judgement;
    throw error;
  });
  if ('verdict' in ready) {
    const { log } = await starting.stop();
    const messages = [log.lastWords, ...log.errors];
    const mismatch = messages.find((text) => LAYOUT_MISMATCH.test(text));
    return mismatch === undefined ? ready : layoutMismatch(stage, name, mismatch);
  }
  if (candidate === stage.run.candidate) mustLive('rollback', ready);
  stage.adopt(ready);
  return stage.shows(`the change to ${name}`, 'baseline');
}

function layoutMismatch(stage: DrillStage, name: string, words: string): Judgement {
  return judgeDefect(
    stage.run.settings,
    'layout-mismatch',
    {
      title: 'the previous version and the candidate cannot share pinned maps',
      severity: 'high',
      reference: 'docs/agent-contract.md §5.3',
      detail: `the start as ${name} was refused: ${outputText(words)}; going back means removing all pins, and with them every rule and counter, on each node`,
    },
    { value: name, limit: 'starts', source: 'rollback/' },
  );
}

async function decisions(stage: DrillStage): Promise<number> {
  const scrape = await stage.scrape();
  const total = scrape.ok ? familyTotal(scrape.metrics, DECISION_FAMILIES) : undefined;
  if (total !== undefined) return total;
  throw noEvidence(
    `the decisions cannot be read: ${scrape.ok ? 'a family is missing' : scrape.reason}`,
    { source: scrape.source },
  );
}
