import { outputText } from '../agent/command.ts';
import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import { readRunRecord } from '../evidence/run-record.ts';
import {
  type KernelDefect,
  type KernelMessage,
  kernelDefects,
  readKernelLog,
  sinceBootUs,
} from '../host/kernel-log.ts';
import { hostPath } from '../host/observations.ts';
import type { CanaryRun } from './canary-run.ts';
import { asRecorded } from './exit-criteria.ts';

const SHOWN = 3;

const textOf = ({ what, text }: KernelDefect) => `${what} (${outputText(text)})`;

/** What the kernel logged since the run began is kept, and tells no defect. */
export function kernelLoggedNoDefect(run: CanaryRun): Judgement {
  if (run.provided.rejudge) return asRecorded(run, 'exit.kernel-log');
  const path = hostPath(run.settings.HOST_ROOT, 'dev/kmsg');
  const startedAt = readRunRecord(run.directory)?.startedAt;
  if (startedAt === undefined)
    return inconclusive('run.json does not tell when the run began', { source: path });
  let messages: readonly KernelMessage[];
  try {
    messages = readKernelLog(path);
  } catch (error) {
    return inconclusive(`the kernel log cannot be read: ${(error as Error).message}`, {
      source: path,
    });
  }
  const since = sinceBootUs(new Date(startedAt));
  const ours = messages.filter(({ atUs }) => atUs >= since);
  const source = 'kernel.log';
  run.directory.writeText(
    source,
    ours.map(({ atUs, text }) => `[${(atUs / 1e6).toFixed(6)}] ${text}\n`).join(''),
  );
  return judgeKernelLog(ours, messages.length > ours.length, source);
}

/** @param isWhole the log still has messages from before the run, so none of the run's are lost. */
export function judgeKernelLog(
  messages: readonly KernelMessage[],
  isWhole: boolean,
  source: string,
): Judgement {
  const defects = kernelDefects(messages);
  const ofAgent = defects.filter(({ namesAgent }) => namesAgent);
  const shown = (some: readonly KernelDefect[]) => some.slice(0, SHOWN).map(textOf).join('; ');
  const measured = { value: defects.length, limit: 0, unit: 'defects', source };
  if (ofAgent.length > 0)
    return fail(
      `the kernel told defects in programs of the agent, ${ofAgent.length} in all: ${shown(ofAgent)}`,
      measured,
    );
  if (defects.length > 0)
    return inconclusive(
      `the kernel told defects, ${defects.length} in all, and who caused them cannot be told from ${source}: ${shown(defects)}; look at them, and run again`,
      measured,
    );
  if (!isWhole)
    return inconclusive(
      'the kernel log holds nothing from before the run, so its beginning may be lost; give the kernel a longer log (log_buf_len) and run again',
      measured,
    );
  return pass(`${messages.length} messages of the kernel since the run began, no defect`, measured);
}
