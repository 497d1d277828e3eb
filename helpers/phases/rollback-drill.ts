import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { howItEnded, runCommand } from '../agent/command.ts';
import { type ReadyDaemon, type StoppedDaemon, startDaemon } from '../agent/daemon.ts';
import { parseHealth } from '../agent/output/health.ts';
import { parsePolicyShow } from '../agent/output/rules.ts';
import { type OwnFile, ownDirectory, ownFile, plainFilesystem } from '../agent/own-file.ts';
import { outcomeText, probeFile, runVictim } from '../agent/probe.ts';
import { listFileRules, type RuleList, rulesOn, ruleText } from '../agent/rules.ts';
import { freeLoopbackPort, scrapeCommand, scrapeEndpoint } from '../agent/scrape.ts';
import { type CanaryRun, canaryRun } from '../canary-run.ts';
import {
  fail,
  failed,
  inconclusive,
  type Judgement,
  noEvidence,
  pass,
} from '../evidence/judgement.ts';
import { DECISION_FAMILIES, DROP_FAMILIES, familyTotal } from '../soak/counters.ts';
import {
  type AppliedPolicy,
  journalPolicy,
  refuseForeignRules,
  removePolicy,
} from './candidate-policy.ts';
import { judgeDefect } from './known-defects.ts';

interface Drill {
  /** Denied by the baseline policy. */
  readonly guarded: OwnFile;
  /** Needed by a program of ours; the candidate policy denies it by mistake. */
  readonly needed: OwnFile;
  readonly baselinePolicy: string;
  readonly candidatePolicy: string;
  readonly applied: AppliedPolicy;
  readonly before: RuleList;
}

const policyText = (paths: readonly string[]) => `version=1\n\n[deny_path]\n${paths.join('\n')}\n`;

/**
 * The rollback drill: a candidate policy that breaks a program, rolled back. Every step is judged
 * by what the host shows — the rule list, an open that is denied or not — not by exit codes alone.
 */
export class RollbackDrill {
  readonly #run: CanaryRun = canaryRun();
  #drill: Drill | undefined;
  #daemon: ReadyDaemon | undefined;
  #stopAnyway: (() => Promise<StoppedDaemon>) | undefined;

  /** The drill replaces all rules of the host, so there must be none to lose. */
  async hostIsRestorable(): Promise<Judgement> {
    const before = await refuseForeignRules(this.#run, 'the rollback drill');
    const { PROBE_DIR } = this.#run.settings;
    plainFilesystem(PROBE_DIR);
    const directory = ownDirectory(PROBE_DIR, await this.#run.journal());
    const applied = await journalPolicy(this.#run);
    const guarded = ownFile(directory, 'guarded');
    const needed = ownFile(directory, 'needed');
    const baselinePolicy = join(directory, 'baseline.policy');
    const candidatePolicy = join(directory, 'candidate.policy');
    writeFileSync(baselinePolicy, policyText([guarded.path]), { mode: 0o600, flag: 'wx' });
    writeFileSync(candidatePolicy, policyText([guarded.path, needed.path]), {
      mode: 0o600,
      flag: 'wx',
    });
    this.#drill = { guarded, needed, baselinePolicy, candidatePolicy, applied, before };
    return pass('no file or network rule on this host; policy files and deny.db were saved', {
      value: 0,
      limit: 0,
      unit: 'rules',
      source: 'aegisbpf block list, aegisbpf network deny list',
    });
  }

  async applyBaseline(): Promise<Judgement> {
    const { guarded, needed, baselinePolicy } = this.#prepared();
    await this.#apply(baselinePolicy);
    await this.#startEnforcing();
    return this.#shows('the baseline policy', { denied: [guarded], free: [needed] });
  }

  async applyCandidate(): Promise<Judgement> {
    const { guarded, needed, candidatePolicy } = this.#prepared();
    await this.#apply(candidatePolicy);
    return this.#shows('the candidate policy', { denied: [guarded, needed], free: [] });
  }

  /** The controlled failure: a program that needs the file cannot do its work any more. */
  async programFails(): Promise<Judgement> {
    const { needed } = this.#prepared();
    const victim = await runVictim(needed.path, this.#run.candidate.environment);
    const ended = victim.signal ?? `exit ${victim.exitCode}`;
    const measured = { value: ended, limit: 'a failure', source: '/bin/cat' };
    return victim.exitCode === 0
      ? fail(
          'the program that the candidate policy breaks still works: there is no failure to roll back',
          measured,
        )
      : pass(`the program that reads ${needed.path} ended with ${ended}`, measured);
  }

  async rollBack(): Promise<Judgement> {
    const { guarded, needed } = this.#prepared();
    const result = await this.#command('policy', 'rollback');
    const shown = await this.#shows('the rollback', { denied: [guarded], free: [needed] });
    if (shown.verdict !== 'pass') return shown;
    if (result.exitCode !== 0)
      return fail(`the rules are the baseline's, yet ${howItEnded(result)}`, {
        source: result.command,
      });
    const victim = await runVictim(needed.path, this.#run.candidate.environment);
    return victim.exitCode === 0
      ? pass(`${shown.explanation}; the program that needs the file works again`, {
          source: shown.source ?? '',
        })
      : fail(
          `after the rollback the program that needs the file still ends with ${victim.signal ?? `exit ${victim.exitCode}`}`,
          { source: '/bin/cat' },
        );
  }

  /** What the agent recorded must be what the kernel holds: the next restart goes by the record. */
  async recordAgrees(): Promise<Judgement> {
    const { guarded, needed } = this.#prepared();
    const result = await this.#command('policy', 'show');
    this.#run.directory.writeText('rollback/policy-show.txt', result.stdout);
    const parsed = parsePolicyShow(result.stdout);
    const source = 'aegisbpf policy show';
    if (result.exitCode !== 0 || !parsed.ok) {
      return inconclusive(
        `the recorded policy cannot be read: ${parsed.ok ? howItEnded(result) : parsed.error}`,
        { source },
      );
    }
    const { text, appliedSha256 } = parsed.value;
    const hash = createHash('sha256').update(text).digest('hex');
    const lines = text.split('\n').map((line) => line.trim());
    const problems = [
      lines.includes(guarded.path) ? undefined : 'the recorded text lacks the baseline’s rule',
      lines.includes(needed.path)
        ? 'the recorded text still denies the file that the rollback freed'
        : undefined,
      appliedSha256 === undefined || appliedSha256 === hash
        ? undefined
        : `the recorded hash ${appliedSha256.slice(0, 12)}… is not that of the recorded text ${hash.slice(0, 12)}…`,
    ].filter((problem) => problem !== undefined);
    if (problems.length === 0)
      return pass('recorded text, hash and kernel rules agree', { source });
    return judgeDefect(
      this.#run.settings,
      'rollback-record',
      {
        title: 'policy rollback restores the rules and records the wrong policy',
        severity: 'high',
        reference: 'agent-contract.md §6.5',
        detail: `after \`policy rollback\` the kernel holds the baseline's rules, but ${problems.join(', and ')}; the next restart, rollback or failed apply goes by the record`,
      },
      { value: problems.length, limit: 0, unit: 'disagreements', source },
    );
  }

  async healthIsGood(): Promise<Judgement> {
    const result = await this.#command('health', '--json');
    this.#run.directory.writeText('rollback/health.json', result.stdout);
    const source = 'rollback/health.json';
    const parsed = parseHealth(result.stdout);
    if (!parsed.ok)
      return inconclusive(`\`aegisbpf health --json\` cannot be read: ${parsed.error}`, { source });
    if (!parsed.value.ok || result.exitCode !== 0) {
      return fail(
        `health after the rollback is not ok: ${parsed.value.error ?? howItEnded(result)}`,
        { value: 'ok=false', limit: 'ok=true', source },
      );
    }
    if (!this.#ready().isRunning())
      return fail('the agent is no longer running after the rollback', { source: '/proc' });
    return pass(`ok=true, capability=${parsed.value.capability}, the agent runs`, {
      value: 'ok=true',
      limit: 'ok=true',
      source,
    });
  }

  async metricsAreCaptured(): Promise<Judgement> {
    const { candidate, commandTimeoutSeconds, directory } = this.#run;
    const scrape = await scrapeCommand(candidate, commandTimeoutSeconds);
    directory.writeText('rollback/metrics.prom', scrape.text);
    const endpoint = await scrapeEndpoint(this.#ready().metricsAddress, 4000);
    directory.writeText('rollback/metrics-endpoint.prom', endpoint.text);
    if (!scrape.ok)
      return inconclusive(`the metrics after the rollback cannot be read: ${scrape.reason}`, {
        source: scrape.source,
      });
    const missing = [...DECISION_FAMILIES, ...DROP_FAMILIES].filter(
      (family) => !scrape.metrics.has(family),
    );
    if (missing.length > 0)
      return inconclusive(`the metrics after the rollback lack ${missing.join(', ')}`, {
        source: scrape.source,
      });
    return pass(
      `${familyTotal(scrape.metrics, DECISION_FAMILIES)} decisions, ${familyTotal(scrape.metrics, DROP_FAMILIES)} drops in total`,
      { source: 'rollback/metrics.prom' },
    );
  }

  /** The drill's rules go, and the list is as it was before. */
  async rulesAreRemoved(): Promise<Judgement> {
    const { applied, before } = this.#prepared();
    const result = await removePolicy(this.#run, applied);
    if (result.exitCode !== 0) return fail(howItEnded(result), { source: result.command });
    const left = await listFileRules(this.#run.candidate, this.#run.commandTimeoutSeconds);
    const stopped = await this.#ready().stop();
    if (left.length !== before.files.length) {
      return fail(
        `after the drill the host has ${left.length} file rules, before it had ${before.files.length}: ${left.map(ruleText).join(', ')}`,
        {
          value: left.length,
          limit: before.files.length,
          unit: 'rules',
          source: 'aegisbpf block list',
        },
      );
    }
    return stopped.exit.exitCode === 0
      ? pass('the rule list is as before the drill; the agent stopped with exit code 0', {
          value: left.length,
          limit: before.files.length,
          unit: 'rules',
        })
      : fail(
          `the agent stopped with ${stopped.exit.signal ?? `exit code ${stopped.exit.exitCode}`} after the drill`,
          { source: 'rollback/agent.stderr.log' },
        );
  }

  async cleanUp(): Promise<void> {
    await this.#stopAnyway?.();
  }

  /** Judges the rule list and opens: exactly these denied, exactly these free. */
  async #shows(
    after: string,
    wanted: { denied: readonly OwnFile[]; free: readonly OwnFile[] },
  ): Promise<Judgement> {
    const rules = await listFileRules(this.#run.candidate, this.#run.commandTimeoutSeconds);
    this.#run.directory.appendLine('rollback/rules.ndjson', { after, rules: rules.map(ruleText) });
    const source = 'aegisbpf block list, probe process';
    for (const file of [...wanted.denied, ...wanted.free]) {
      const denied = wanted.denied.includes(file);
      const found = rulesOn(rules, file).length;
      if (found !== (denied ? 1 : 0)) {
        return fail(
          `after ${after} the rule list holds ${found} rules on ${file.path}, expected ${denied ? 1 : 0}`,
          { value: found, limit: denied ? 1 : 0, unit: 'rules', source },
        );
      }
      const { outcome } = await probeFile(file, this.#run.candidate.environment);
      const expected = denied ? 'refused with EPERM' : 'allowed';
      if (outcomeText(outcome) !== expected) {
        return fail(
          `after ${after} an open of ${file.path} was ${outcomeText(outcome)}, expected ${expected}`,
          { value: outcomeText(outcome), limit: expected, source },
        );
      }
    }
    if (rules.length !== wanted.denied.length) {
      return fail(
        `after ${after} the rule list holds ${rules.length} rules, expected ${wanted.denied.length}: ${rules.map(ruleText).join(', ')}`,
        { value: rules.length, limit: wanted.denied.length, unit: 'rules', source },
      );
    }
    return pass(
      `after ${after} exactly ${wanted.denied.length} files are denied, by the list and by an open of each`,
      { value: rules.length, limit: wanted.denied.length, unit: 'rules', source },
    );
  }

  async #apply(policy: string): Promise<void> {
    const result = await this.#command('policy', 'apply', policy, '--reset');
    if (result.exitCode !== 0) throw failed(howItEnded(result), { source: result.command });
  }

  async #startEnforcing(): Promise<void> {
    const { settings, candidate, directory } = this.#run;
    const starting = startDaemon(
      candidate,
      {
        name: 'rollback',
        mode: 'enforce',
        // The drill proves policies, not containment: SIGKILL would only lose its probes.
        enforceSignal: settings.ENFORCE_SIGNAL === 'kill' ? 'term' : settings.ENFORCE_SIGNAL,
        allowSigkill: false,
        ringbufBytes: settings.RINGBUF_BYTES,
        metricsAddress: `127.0.0.1:${await freeLoopbackPort()}`,
        readyTimeoutSeconds: settings.READY_TIMEOUT_SECONDS,
        commandTimeoutSeconds: settings.COMMAND_TIMEOUT_SECONDS,
      },
      directory,
    );
    this.#stopAnyway = () => starting.stop();
    this.#daemon = await starting.ready();
  }

  #command(...args: string[]) {
    return runCommand(this.#run.candidate, args, this.#run.commandTimeoutSeconds);
  }

  #prepared(): Drill {
    if (this.#drill === undefined) throw noEvidence('the drill was not prepared');
    return this.#drill;
  }

  #ready(): ReadyDaemon {
    if (this.#daemon === undefined) throw noEvidence('the agent was not started for the drill');
    return this.#daemon;
  }
}
