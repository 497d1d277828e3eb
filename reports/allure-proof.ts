import type { RuntimeMessage } from 'allure-js-commons/sdk';
import { z } from 'zod';
import { type CriterionRecord, RunDirectory } from '../helpers/evidence/run-directory.ts';
import { capped, oneLine } from './clean-text.ts';

/** A person reads them at a glance; all of them stand in the run directory. */
const MAX_COMMANDS = 8;
const MAX_LINE = 400;

const commandLine = z.object({
  criterion: z.string().optional(),
  at: z.string(),
  arguments: z.array(z.string()),
  exitCode: z.number().nullish(),
  durationMs: z.number(),
});

/** The agent's commands of this criterion, the last ones. */
function commands(id: string, directory: RunDirectory): readonly string[] {
  const all = directory.lines('commands.ndjson').values.flatMap((value) => {
    const line = commandLine.safeParse(value).data;
    return line?.criterion === id ? [line] : [];
  });
  return all.slice(-MAX_COMMANDS).map(({ at, arguments: words, exitCode, durationMs }) => {
    const ended = typeof exitCode === 'number' ? `exit code ${exitCode}` : 'no exit code';
    return `${at} aegisbpf ${words.join(' ')}: ${ended} after ${durationMs} ms`;
  });
}

const part = (heading: string, lines: readonly string[]) =>
  lines.length === 0
    ? []
    : [`${heading}:`, ...lines.map((line) => `  ${capped(oneLine(line), MAX_LINE)}`)];

/** What a criterion that is no pass was judged from, as a few lines: figures, facts, and the agent's commands. */
export function provedBy(record: CriterionRecord, path: string): RuntimeMessage[] {
  const { value, limit, unit = '', source, at } = record;
  const figures = Object.entries({ measured: value, limit }).flatMap(([name, figure]) =>
    figure === undefined ? [] : [`${name}: ${figure} ${unit}`.trimEnd()],
  );
  const lines = [
    ...part('Judged', [
      ...figures,
      ...(source === undefined ? [] : [`source: ${source}`]),
      `at: ${at}`,
    ]),
    ...part('What proves it', record.proof ?? []),
    ...part('Commands of the agent in this step', commands(record.id, new RunDirectory(path))),
  ];
  const content = Buffer.from(`${lines.join('\n')}\n`).toString('base64');
  const data = { name: 'what proves it', content, encoding: 'base64', contentType: 'text/plain' };
  return [{ type: 'attachment_content', data: { ...data, encoding: 'base64' } }];
}
