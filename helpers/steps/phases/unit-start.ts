import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { type CommandResult, howItEnded } from '../../agent/command.ts';
import { unitVariables } from '../../changes/unit-command.ts';
import { unitSettings } from '../../changes/unit-file.ts';
import type { UnitDefect } from '../../coverage/unit-defect.ts';
import { type UnitStart, unitStart } from '../../coverage/unit-start.ts';
import {
  inconclusive,
  type Judgement,
  type Measurement,
  noEvidence,
  pass,
} from '../../criteria/judgement.ts';
import { hostPath } from '../../host/observations.ts';
import type { Settings } from '../../settings/settings.ts';
import type { CanaryRun } from '../canary-run.ts';
import { judgeDefect } from './known-defects.ts';
import { unitOfProduction } from './production-unit.ts';

/** Other criteria of the phase have it made, and this one needs none of them. */
const FOLDER = 'coverage';
const SOURCE = `${FOLDER}/unit-start.json`;

/** Ends `run` before it begins: no signal has this name (docs/agent-contract.md §1.3). */
const REFUSED = '--enforce-signal=of-no-name';

/**
 * What the unit that starts the agent in production says of its start: the words that the agent gets, whether its policy is applied
 * before, and when it is started again. The text alone is read; the agent is asked whether it knows its words, and starts nothing.
 */
export async function unitStartsToEnforce(run: CanaryRun): Promise<Judgement> {
  const { settings, candidate } = run;
  const { unit, text, variables } = await unitOfProduction(settings);
  const lines = unitSettings(text);
  const ofService = lines.filter(({ section }) => section === 'Service');
  const programs = ['aegisbpf', basename(candidate.executable)];
  const start = unitStart(
    lines,
    unitVariables(ofService, variables),
    { programs, asked: settings.AGENT_OPTIONS ?? [] },
    settings.MAX_RESTART_GAP_MS,
    (path) => existsSync(hostPath(settings.HOST_ROOT, path)),
  );
  const { options, unknown } = start;
  const refused =
    options === undefined || unknown.length > 0 ? undefined : await refusedWords(run, options);
  run.directory.directory(FOLDER);
  run.directory.writeJson(SOURCE, { unit, ...start, refused });
  return judgeUnitStart(
    unit,
    { ...start, ...(refused === undefined ? {} : { refused }) },
    settings,
  );
}

/** Asks the candidate whether it knows these words of `run`. @returns what it makes of them, if it does not. */
async function refusedWords(
  run: CanaryRun,
  options: readonly string[],
): Promise<UnitDefect | undefined> {
  const known = async (...words: readonly string[]) => {
    const ended = await run.command('run', ...words, '--audit', REFUSED);
    if (ended.exitCode === undefined || ended.exitCode === 0) throw unasked(ended);
    return !/^Usage:/m.test(ended.stderr);
  };
  if (await known(...options)) return undefined;
  const control = await run.command('run', REFUSED);
  if (/^Usage:/m.test(control.stderr)) throw unasked(control);
  const named = options.filter((word) => word !== '');
  const empty = named.length < options.length && (await known(...named));
  return {
    defect: 'unit-does-not-start',
    ...{ title: 'the unit does not start the agent', severity: 'critical' },
    reference: 'docs/agent-contract.md §1.3',
    detail: empty
      ? `where a variable of ExecStart= is empty or not set, systemd gives the agent an empty word for it, and \`run ${written(options)}\` ends with its usage: the service never starts`
      : `the agent does not know the words that it gets, \`run ${written(options)}\`, and ends with its usage: the service never starts`,
  };
}

/** An answer by which nobody knows anything of words. */
const unasked = (ended: CommandResult) =>
  noEvidence(
    `the agent cannot be asked whether it knows the words of its unit, for it has to end with another exit code than 0, and to give its usage for unknown words alone: ${howItEnded(ended)}`,
    { source: 'commands.ndjson' },
  );

const written = (words: readonly string[]) =>
  words.map((word) => (word === '' || /\s/.test(word) ? JSON.stringify(word) : word)).join(' ');

/** @param start with the words that the candidate refuses. */
export function judgeUnitStart(
  unit: string,
  start: UnitStart & { readonly refused?: UnitDefect },
  settings: Pick<Settings, 'knownDefects'>,
): Judgement {
  const { options = [], found, refused, unknown, told } = start;
  const growing = start.longestMs === start.restartMs ? '' : ` to ${start.longestMs ?? '?'}`;
  const again = `Restart=${start.restart} after ${start.restartMs ?? '?'}${growing} ms, ${start.starts} starts in ${start.startsMs ?? '?'} ms`;
  const besides = told.map((one) => `; ${one}`).join('');
  const measured = (value: string): Measurement => ({ value, source: SOURCE });
  const judged = [...found, ...(refused === undefined ? [] : [refused])].map(
    ({ defect, ...finding }) =>
      judgeDefect(
        settings,
        defect,
        { ...finding, detail: `${unit}: ${finding.detail}` },
        measured(defect),
      ),
  );
  const findings = judged.flatMap((one) => one.findings ?? []);
  const failing = judged.filter(({ verdict }) => verdict === 'fail');
  const [first] = failing;
  if (first !== undefined)
    return {
      ...first,
      explanation: `${failing.map((one) => one.explanation).join('; ')}${besides}`,
      findings,
    };
  const accepted = judged.map(({ explanation }) => `; ${explanation}`).join('');
  if (unknown.length > 0)
    return {
      ...inconclusive(
        `how ${unit} starts the agent cannot be told from its text: ${unknown.join('; ')}${accepted}${besides}`,
        measured(again),
      ),
      findings,
    };
  return {
    ...pass(
      `${unit} starts the agent with \`run ${written(options)}\`, applies its policy before, and starts it again: ${again}${accepted}${besides}`,
      measured(again),
    ),
    findings,
  };
}
