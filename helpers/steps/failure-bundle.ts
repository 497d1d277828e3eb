import { readdirSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { aboutFailure, failureFolder, failureFolders } from '../evidence/failure-bundle.ts';
import { readKernelLog } from '../host/kernel-log.ts';
import { hostPath, systemTool } from '../host/observations.ts';
import { agentsAmong, processesMarked, RUN_MARK, readProc } from '../host/processes.ts';
import type { CanaryRun } from './canary-run.ts';

/** The end of each file, which is what happened last: a bundle is sent by mail. */
const MOST_BYTES = 256 * 1024;
const SAMPLES = 60;
const JOURNAL_LINES = 200;
const TOOL_TIMEOUT_MS = 10_000;

/** Of /proc/PID: how it stands and what it waits for. Never its environment, which may hold secrets. */
const PROC_FILES = ['status', 'stat', 'limits', 'smaps_rollup', 'io', 'cgroup', 'wchan', 'stack'];

/** Text, or in words why there is none. */
type Part = { readonly text: string } | { readonly absent: string };

/** A text, where there is anything to read. */
const textOr = (text: string, absent: string): Part => (text === '' ? { absent } : { text });

/** The output of a tool that the host may have. */
async function tool(run: CanaryRun, paths: readonly string[], args: string[]): Promise<Part> {
  const name = basename(paths[0] ?? '');
  for (const path of paths) {
    const whole = hostPath(run.settings.HOST_ROOT, path);
    const { text, stderr, exitCode, notStarted } = await systemTool(whole, args, TOOL_TIMEOUT_MS);
    if (notStarted?.code === 'ENOENT') continue;
    if (exitCode === 0) return textOr(text === '' ? '' : `${text}\n`, `${name} printed nothing`);
    return { absent: `${name} did not answer: ${notStarted?.message ?? stderr.trim()}` };
  }
  return { absent: `there is no ${name} on this host` };
}

/** bpftool(8): programs, maps and links that the kernel holds, whoever loaded them. */
const bpf = (run: CanaryRun, object: string) =>
  tool(run, ['usr/sbin/bpftool', 'usr/bin/bpftool', 'sbin/bpftool'], [object, 'show']);

/** What systemd told of units of the agent and of ours since the boot. */
const journalOf = (run: CanaryRun) =>
  tool(
    run,
    ['usr/bin/journalctl', 'bin/journalctl'],
    ['--boot', '--no-pager', '--quiet', `--lines=${JOURNAL_LINES}`, '--unit=aegisbpf*'],
  );

/** A file or folder of /proc; a process that ends meanwhile leaves nothing. */
function orNothing<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch {
    return [];
  }
}

function procOf(pid: number): string {
  const files = PROC_FILES.map((name) => {
    const text = readProc(`/proc/${pid}/${name}`);
    return `== /proc/${pid}/${name}\n${text ?? 'cannot be read\n'}`;
  });
  const descriptors = orNothing(() => readdirSync(`/proc/${pid}/fd`)).flatMap((fd) =>
    orNothing(() => [`${fd} -> ${readlinkSync(`/proc/${pid}/fd/${fd}`)}`]),
  );
  const threads = orNothing(() => readdirSync(`/proc/${pid}/task`)).map((thread) => {
    const of = (name: string) => readProc(`/proc/${pid}/task/${thread}/${name}`)?.trim() ?? '';
    return `${thread} ${of('comm')} waits in ${of('wchan') || 'an unknown place'}`;
  });
  return [
    ...files,
    `== /proc/${pid}/fd\n${descriptors.join('\n')}`,
    `== /proc/${pid}/task\n${threads.join('\n')}`,
  ].join('\n');
}

/** Every process of this run that is the agent, as it stands now. */
function agentsOf({ provided }: CanaryRun): Part {
  const candidate = { path: provided.candidatePath, sha256: provided.candidateSha256 };
  const agents = agentsAmong(processesMarked(RUN_MARK, provided.runId), [candidate]);
  return textOr(agents.map(({ pid }) => procOf(pid)).join('\n'), 'no agent of this run was alive');
}

function kernelLog({ settings }: CanaryRun): Part {
  try {
    const lines = readKernelLog(hostPath(settings.HOST_ROOT, 'dev/kmsg'));
    const text = lines.map(({ atUs, text }) => `[${(atUs / 1e6).toFixed(6)}] ${text}\n`).join('');
    return textOr(text, 'the kernel log is empty');
  } catch (error) {
    return { absent: `the kernel log cannot be read: ${(error as Error).message}` };
  }
}

function lastSamples({ directory }: CanaryRun, section: string): Part {
  const { values } = directory.lines(`${section}/samples.ndjson`);
  const lines = values.slice(-SAMPLES).map((value) => `${JSON.stringify(value)}\n`);
  return textOr(lines.join(''), 'no sample was taken');
}

/**
 * Keeps what whoever debugs the agent asks for first, as it is now, right behind the first failure of a section: the
 * kernel's log, its BPF programs, maps and links, the journal, the agent's /proc, the last samples. Each file is bounded,
 * and what cannot be had is named. It changes no verdict, so what it throws is only logged.
 */
export async function keepFailure(run: CanaryRun, section: string, criterion: string) {
  const { directory } = run;
  // What fails at the end for what failed before needs no second one.
  const taken = failureFolders(directory);
  const isTaken = section === 'exit' ? taken.length > 0 : taken.includes(failureFolder(section));
  if (run.provided.rejudge || isTaken) return;
  try {
    directory.directory(failureFolder(section));
    const parts: Readonly<Record<string, Part>> = {
      'agent-proc.txt': agentsOf(run),
      'samples.ndjson': lastSamples(run, section),
      'kernel.log': kernelLog(run),
      'bpf-programs.txt': await bpf(run, 'prog'),
      'bpf-maps.txt': await bpf(run, 'map'),
      'bpf-links.txt': await bpf(run, 'link'),
      'journal.log': await journalOf(run),
    };
    const files = Object.entries(parts).map(([name, part]) => {
      if (!('text' in part)) return { name, absent: part.absent };
      const bytes = Buffer.from(part.text);
      directory.writeText(`${failureFolder(section)}/${name}`, bytes.subarray(-MOST_BYTES));
      return bytes.length > MOST_BYTES ? { name, cut: `the last ${MOST_BYTES} bytes` } : { name };
    });
    directory.writeJson(aboutFailure(section), { criterion, at: new Date().toISOString(), files });
    directory.log(`kept for whoever debugs the agent: ${failureFolder(section)}`);
  } catch (error) {
    directory.log(`no failure bundle of ${section}: ${(error as Error).message}`);
  }
}
