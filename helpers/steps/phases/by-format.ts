import { uptime } from 'node:os';
import type { EventFormat } from '../../agent/contract/event-formats.ts';
import { OTHER_FORMAT_FILE } from '../../agent/daemon.ts';
import {
  type ByFormat,
  FORMAT_KINDS,
  formatText,
  judgeFormat,
  lackedIn,
  pairedLines,
  wrongBirths,
} from '../../coverage/by-format.ts';
import { wantedEvent } from '../../coverage/wanted-event.ts';
import { fail, type Judgement, together } from '../../criteria/judgement.ts';
import { counted } from '../../text/counted.ts';
import type { CanaryRun } from '../canary-run.ts';
import { mustHave } from '../drill/usage.ts';
import type { CoverageMode } from './coverage-phase.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { whileEnforcing } from './enforcing-start.ts';
import { judgeDefect } from './known-defects.ts';
import { rulesAgain, tableAgain } from './table-again.ts';

/**
 * A SIEM reads decisions by OCSF or CEF, which the agent writes by code of their own: what it tells truly in its own format may be
 * lost there, or be another thing (docs/agent-contract.md §4.5).
 */
export async function formatTellsTheSame(
  run: CanaryRun,
  subjects: CoverageSubjects,
  enforce: Pick<CoverageMode, 'judged'>,
  format: EventFormat,
): Promise<Judgement> {
  await mustHave({ run }, '--event-format');
  const own = await enforce.judged();
  await rulesAgain(run, subjects);
  const name = `coverage/event-format-${format}`;
  const begunMs = Date.now();
  const bootMs = begunMs - uptime() * 1000;
  const life = { name, eventFormat: format };
  const { events, other } = await whileEnforcing(run, run.candidate, life, async (ready) => ({
    events: ready.events,
    other: await tableAgain(subjects, subjects.promises, ready, FORMAT_KINDS),
  }));
  const met = {
    ...{ begunMs, endedMs: Date.now(), bootMs },
    ...{ defects: events.defects, lines: pairedLines(format, own, other) },
  };
  run.directory.writeJson(`${name}/routes.json`, {
    option: formatText(format),
    lines: met.lines.map(({ other: { taken, verdict, text } }) => ({
      ...{ ...taken.line, verdict, text, answer: taken.answer, events: taken.events },
    })),
  });
  const source = `${name}/${OTHER_FORMAT_FILE}`;
  const wanted = (line: Parameters<typeof wantedEvent>[0]) => wantedEvent(line, subjects.made);
  const judged = judgeFormat(format, met, wanted, source);
  if (judged.verdict !== 'pass') return judged;
  const all = [judged, ...bornWrong(run, met, source), ...incomplete(run, met, source)] as const;
  return together(all);
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
