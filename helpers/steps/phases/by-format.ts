import { uptime } from 'node:os';
import type { EventFormat } from '../../agent/contract/event-formats.ts';
import { OTHER_FORMAT_FILE } from '../../agent/daemon.ts';
import type { Mode } from '../../agent/daemon-options.ts';
import {
  type ByFormat,
  FORMAT_KINDS,
  judgeFormat,
  lackedIn,
  optionText,
  pairedLines,
  wrongBirths,
} from '../../coverage/by-format.ts';
import type { JudgedLine } from '../../coverage/judge-lines.ts';
import type { Kind } from '../../coverage/table.ts';
import { wantedEvent } from '../../coverage/wanted-event.ts';
import { fail, type Judgement, together } from '../../criteria/judgement.ts';
import { counted } from '../../text/counted.ts';
import type { CanaryRun } from '../canary-run.ts';
import { mustHave } from '../drill/usage.ts';
import type { CoverageMode } from './coverage-phase.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { whileStarted } from './enforcing-start.ts';
import { judgeDefect } from './known-defects.ts';
import { rulesAgain, tableAgain } from './table-again.ts';

/**
 * A SIEM reads decisions by OCSF or CEF, which the agent writes by code of their own: what it tells truly in its own format may be
 * lost there, or be another thing (docs/agent-contract.md §4.5). A denial that it tells as let through, and an attempt in audit mode
 * that it tells as denied, are both a lie.
 */
export async function formatTellsTheSame(
  run: CanaryRun,
  subjects: CoverageSubjects,
  own: Readonly<Record<Mode, Pick<CoverageMode, 'judged'>>>,
  format: EventFormat,
): Promise<Judgement> {
  await mustHave({ run }, '--event-format');
  const [recorded, denied] = [await own.audit.judged(), await own.enforce.judged()];
  await rulesAgain(run, subjects);
  const wanted = (line: Parameters<typeof wantedEvent>[0]) => wantedEvent(line, subjects.made);
  const judge = ({ met, source }: Told) => judgeFormat(format, met, wanted, source);
  const ofAudit = judge(await toldBy(run, subjects, format, 'audit', recorded));
  const told = await toldBy(run, subjects, format, 'enforce', denied);
  const ofEnforce = judge(told);
  const { met, source } = told;
  const defects =
    ofEnforce.verdict === 'pass'
      ? [...bornWrong(run, met, source), ...incomplete(run, met, source)]
      : [];
  return together([ofAudit, ofEnforce, ...defects]);
}

interface Told {
  readonly met: ByFormat;
  readonly source: string;
}

/** Few routes are taken by an agent that audits: what it does with a line's action is the same for all. */
const KINDS_IN: Readonly<Record<Mode, readonly Kind[]>> = {
  ...{ audit: ['root', 'network'], enforce: FORMAT_KINDS },
};

/** Starts the agent with that format in that mode. @param own what came of the routes with its own format. */
async function toldBy(
  run: CanaryRun,
  subjects: CoverageSubjects,
  format: EventFormat,
  mode: Mode,
  own: readonly JudgedLine[],
): Promise<Told> {
  const name = `coverage/event-format-${format}${mode === 'audit' ? '-audit' : ''}`;
  const begunMs = Date.now();
  const bootMs = begunMs - uptime() * 1000;
  const life = { name, mode, eventFormat: format };
  const { events, other } = await whileStarted(run, run.candidate, life, async (ready) => ({
    events: ready.events,
    other: await tableAgain(subjects, subjects.promises, ready, KINDS_IN[mode], mode),
  }));
  const met = {
    ...{ mode, begunMs, endedMs: Date.now(), bootMs },
    ...{ defects: events.defects, lines: pairedLines(format, own, other) },
  };
  run.directory.writeJson(`${name}/routes.json`, {
    option: optionText(format, mode),
    lines: met.lines.map(({ other: { taken, verdict, text } }) => ({
      ...{ ...taken.line, verdict, text, answer: taken.answer, events: taken.events },
    })),
  });
  return { met, source: `${name}/${OTHER_FORMAT_FILE}` };
}

/** What the standard requires and the lines lack. */
function incomplete(run: CanaryRun, met: ByFormat, source: string): readonly Judgement[] {
  const lacked = [...lackedIn(met)];
  if (lacked.length === 0) return [];
  const of = met.lines.length;
  return [
    judgeDefect(
      run.settings,
      'ocsf-required-fields',
      {
        title: 'OCSF lines lack fields that OCSF requires',
        severity: 'low',
        reference: 'docs/agent-contract.md §4.5',
        detail: `lines lack what OCSF requires: ${lacked.map(([field, lines]) => `${field} in ${lines} of ${of}`).join(', ')}; who checks them against its schema drops them`,
      },
      { value: lacked.length, limit: 0, unit: 'fields', source },
    ),
  ];
}

/** Processes whose beginning is told wrong. */
function bornWrong(run: CanaryRun, met: ByFormat, source: string): readonly Judgement[] {
  const born = wrongBirths(met);
  const [first] = born;
  if (first === undefined) return [];
  const measured = { value: born.length, limit: 0, unit: 'lines', source };
  const other = born.find(({ isSinceBoot }) => !isSinceBoot);
  if (other !== undefined)
    return [
      fail(
        `actor.process.created_time of pid ${other.event.pid} is ${other.event.createdMs}, and the process began at ${other.expectedMs} (ms since 1970)`,
        measured,
      ),
    ];
  const finding = judgeDefect(
    run.settings,
    'ocsf-process-time',
    {
      title: 'OCSF lines date the beginning of every process to 1970',
      severity: 'medium',
      reference: 'docs/agent-contract.md §4.5',
      detail: `actor.process.created_time has the time since the boot where OCSF has that since 1970, in ${counted(born.length, 'line')} of ${met.lines.length} (pid ${first.event.pid}: ${first.event.createdMs} for ${first.expectedMs}): who joins processes by their pid and beginning finds none`,
    },
    measured,
  );
  return [finding];
}
