import { outputText } from '../agent/command.ts';
import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import { readRunRecord } from '../evidence/run-record.ts';
import {
  type KernelDefect,
  type KernelMessage,
  kernelDefects,
  messagesAfter,
  readKernelLog,
} from '../host/kernel-log.ts';
import { hostPath } from '../host/observations.ts';
import { counted } from '../text/counted.ts';
import type { CanaryRun } from './canary-run.ts';
import { asRecorded } from './exit-criteria.ts';

const SHOWN = 3;

const textOf = ({ what, text }: KernelDefect) => `${what} (${outputText(text)})`;

/** What the kernel logged since the run began is kept, and tells no defect. */
export function kernelLoggedNoDefect(run: CanaryRun): Judgement {
  if (run.provided.rejudge) return asRecorded(run, 'exit.kernel-log');
  const path = hostPath(run.settings.HOST_ROOT, 'dev/kmsg');
  const start = readRunRecord(run.directory)?.newestKernelMessage;
  if (start?.value === undefined)
    return inconclusive(
      `run.json lacks the number of the newest kernel message when the run began (${start?.reason ?? 'it was not asked for'}), so the run's own messages cannot be separated from older ones; make ${path} readable and run again`,
      { source: 'run.json' },
    );
  let log: readonly KernelMessage[];
  try {
    log = readKernelLog(path);
  } catch (error) {
    return inconclusive(`the kernel log cannot be read: ${(error as Error).message}`, {
      source: path,
    });
  }
  const { messages, lost } = messagesAfter(log, start.value);
  const source = 'kernel.log';
  run.directory.writeText(
    source,
    messages.map(({ atUs, text }) => `[${(atUs / 1e6).toFixed(6)}] ${text}\n`).join(''),
  );
  return judgeKernelLog(messages, lost, source);
}

/** @param lost why messages of the run are missing; undefined where all are there. */
export function judgeKernelLog(
  messages: readonly KernelMessage[],
  lost: string | undefined,
  source: string,
): Judgement {
  const defects = kernelDefects(messages);
  const ofAgent = defects.filter(({ namesAgent }) => namesAgent);
  const shown = (some: readonly KernelDefect[]) => some.slice(0, SHOWN).map(textOf).join('; ');
  const measured = { value: defects.length, limit: 0, unit: 'defects', source };
  if (ofAgent.length > 0)
    return fail(
      `the kernel logged ${counted(ofAgent.length, 'defect')} in programs of the agent: ${shown(ofAgent)}`,
      measured,
    );
  if (defects.length > 0)
    return inconclusive(
      `the kernel logged ${counted(defects.length, 'defect')}, and ${source} does not show who caused them: ${shown(defects)}; look at them, and run again`,
      measured,
    );
  if (lost !== undefined)
    return inconclusive(
      `${lost}; give the kernel a longer log (log_buf_len) and run again`,
      measured,
    );
  return pass(
    `${counted(messages.length, 'message')} of the kernel since the run began, no defect`,
    measured,
  );
}
