import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { whyNot } from '../settings/cannot-begin.ts';
import { DEFAULT_PIECE_SECONDS, type NamedWorkload } from '../workload/coded-workload.ts';
import { type OwnWorkload, workload } from '../workload/own-workload.ts';

/** Why this workload cannot be begun, or undefined. */
function problemOf({ name, module, pieceSeconds }: NamedWorkload): string | undefined {
  const told = `own workload ${name}`;
  if (!module.startsWith('file:')) return undefined;
  if (!existsSync(fileURLToPath(module))) return `${told}: there is no file ${module}`;
  if (!(pieceSeconds > 0))
    return `${told}: pieceSeconds=${pieceSeconds} is no number of seconds above 0`;
  return undefined;
}

/**
 * What other processes are told of workloads: functions cannot cross into them, the module that exports them can be imported there.
 * @returns why some cannot be begun, one line each.
 */
export function namedWorkloads(workloads: readonly OwnWorkload[]) {
  const named = workloads.map(({ name, module, pieceSeconds = DEFAULT_PIECE_SECONDS }) => ({
    ...{ name, module, pieceSeconds },
  }));
  const twice = named.filter(({ name }, at) => named.findIndex((one) => one.name === name) < at);
  const problems = [
    // Also of one that was not made by it.
    ...workloads.flatMap((one) => whyNot(() => workload(one)) ?? []),
    ...named.flatMap((one) => problemOf(one) ?? []),
    ...twice.map(({ name }) => `own workload ${name}: there are two of this name`),
  ];
  return { named, problems };
}
