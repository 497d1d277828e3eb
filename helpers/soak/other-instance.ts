import { agentInstances } from '../host/processes.ts';

/**
 * Another daemon of the agent beside this one, in words; undefined when it is alone. One-shot
 * commands of ours are our children; everything else named so is another instance.
 */
export function otherInstance(executable: string, daemonPid: number): string | undefined {
  const other = agentInstances({ path: executable }).daemons.find(
    (one) => one.pid !== daemonPid && one.parentPid !== process.pid,
  );
  return other === undefined ? undefined : `${other.comm}, pid ${other.pid}`;
}
