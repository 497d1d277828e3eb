import { hash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bpfObjects } from '../../agent/bpf-objects.ts';
import { outputText } from '../../agent/command.ts';
import { StartingDaemon } from '../../agent/daemon.ts';
import { daemonOptions } from '../../agent/daemon-options.ts';
import { ownDirectory, ownInput } from '../../changes/own-file.ts';
import {
  fail,
  inconclusive,
  type Judgement,
  JudgementError,
  NotApplicable,
  pass,
} from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';
import { mustHave } from '../drill/usage.ts';

/** A BPF object with what stands beside it. */
interface Copy {
  readonly name: string;
  readonly object: Buffer;
  /** The content of its hash file; undefined for none. */
  readonly sha256: string | undefined;
}

/** Copies of the candidate's object; only the first one may be loaded. */
function copiesOf(object: Buffer): readonly [Copy, ...Copy[]] {
  const sha256 = hash('sha256', object);
  // Behind the end of an ELF file nobody looks: should the agent take it, the kernel gets the same programs.
  const changed = Buffer.concat([object, Buffer.from('changed by the staging canary\n')]);
  return [
    { name: 'unchanged', object, sha256 },
    { name: 'changed', object: changed, sha256 },
    { name: 'wrong hash', object, sha256: hash('sha256', changed) },
    { name: 'no hash', object, sha256: undefined },
  ];
}

type Outcome = 'started' | 'refused' | 'went on';

/** An enforcing start on this copy: it becomes ready, ends by itself, or neither. */
async function startOn(run: CanaryRun, directory: string, copy: Copy) {
  const { name, object, sha256 } = copy;
  const folder = join(directory, name.replaceAll(' ', '-'));
  mkdirSync(folder);
  const path = ownInput(folder, 'aegis.bpf.o', object);
  const hashPath = join(folder, 'aegis.bpf.sha256');
  if (sha256 !== undefined) ownInput(folder, 'aegis.bpf.sha256', `${sha256}\n`);
  const environment = {
    ...run.candidate.environment,
    AEGIS_BPF_OBJ: path,
    // Both places where the agent looks before the folder of the object (docs/agent-contract.md §1.3).
    AEGIS_BPF_OBJ_HASH_PATH: hashPath,
    AEGIS_BPF_OBJ_HASH_INSTALL_PATH: hashPath,
  };
  const options = await daemonOptions(run.settings, {
    name: `coverage/object-${name.replaceAll(' ', '-')}`,
    mode: 'enforce',
    enforceSignal: 'none',
  });
  const starting = new StartingDaemon({ ...run.candidate, environment }, options, run.directory);
  let isReady = true;
  try {
    await starting.ready();
  } catch (error) {
    if (!(error instanceof JudgementError)) throw error;
    isReady = false;
  }
  const { exit, log } = await starting.stop();
  const outcome: Outcome = isReady ? 'started' : exit.stopMs === undefined ? 'refused' : 'went on';
  return { name, outcome, exitCode: exit.exitCode, words: outputText(log.lastWords) };
}

/** What the kernel is given is what was hashed: an object that differs, or whose hash nobody knows, is refused. */
export async function changedObjectIsRefused(run: CanaryRun): Promise<Judgement> {
  await mustHave({ run }, '--allow-unsigned-bpf');
  const [found] = await bpfObjects(run.settings);
  if (found === undefined)
    throw new NotApplicable('no BPF object of the candidate is a file on this host');
  const directory = ownDirectory(run.settings.PROBE_DIR, await run.journal());
  const [unchanged, ...others] = copiesOf(readFileSync(found.path));
  const control = await startOn(run, directory, unchanged);
  const source = 'coverage/object-unchanged/agent.stderr.log';
  if (control.outcome !== 'started')
    return inconclusive(
      `an unchanged copy of ${found.path} beside its right hash did not start either (${control.words}), so nothing follows from a refusal`,
      { source },
    );
  const starts = [];
  for (const copy of others) starts.push(await startOn(run, directory, copy));
  const taken = starts.filter(({ outcome, exitCode }) => outcome !== 'refused' || exitCode === 0);
  const measured = { value: taken.length, limit: 0, unit: 'objects taken', source };
  return taken.length === 0
    ? pass(
        `refused: ${starts.map(({ name, words }) => `${name} (${words})`).join('; ')}; an unchanged copy starts`,
        measured,
      )
    : fail(
        `an enforcing start took the BPF object that it should refuse: ${taken.map(({ name, outcome }) => `${name} (${outcome})`).join('; ')}`,
        measured,
      );
}
