import { chmodSync, lstatSync, realpathSync } from 'node:fs';
import { howItEnded } from '../../agent/command.ts';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import type { Mode } from '../../agent/daemon-options.ts';
import { agentPaths } from '../../changes/agent-state.ts';
import type { Journal } from '../../changes/journal.ts';
import {
  knownFile,
  type OwnFile,
  ownDirectory,
  ownFile,
  ownProgram,
  plainFilesystem,
} from '../../changes/own-file.ts';
import {
  addRule,
  listFileRules,
  removeRule,
  ruleCounts,
  rulesOn,
  ruleText,
} from '../../changes/rules.ts';
import { fail, inconclusive, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { readRegularBytes } from '../../files/regular-file.ts';
import { unusedPort } from '../../host/unused-port.ts';
import { type DeniedFiles, deniedFiles, ownNames } from '../../review/denied-files.ts';
import type { Settings } from '../../settings/settings.ts';
import { counted } from '../../text/counted.ts';
import { outcomeText, probeFile } from '../../workload/probe.ts';
import type { CanaryRun } from '../canary-run.ts';
import { type AppliedPolicy, applyCandidatePolicy, removePolicy } from './candidate-policy.ts';
import { allowPort, denyPort, portMustBeListed, removePortRule } from './denied-port.ts';
import { makeBesides, type SoakRoutes, tryRoutes } from './soak-routes.ts';

/** Everything of ours that a phase is tried on. */
export interface Subjects {
  /** Has a deny rule, for single decisions and for the soak's other routes. */
  readonly probe: OwnFile;
  /** Has a deny rule, for the soak. */
  readonly soak: OwnFile;
  /** Lies beside them and has none. */
  readonly beside: OwnFile;
  /** Has a deny rule, where calls on sockets are tried in the soak. */
  readonly port: number;
  /** Routes to the probe file and to the port that the soak takes. */
  readonly routes: SoakRoutes;
}

/** The canary compares contents; a target beyond this is not the small file it needs. */
const MAX_TARGET_BYTES = 1024 * 1024;

/** The file that the soak opens: one of our own, or the operator's SOAK_BLOCK_PATH. */
function soakTarget(settings: Settings, directory: string): OwnFile {
  const path = settings.SOAK_BLOCK_PATH;
  if (path === undefined) return ownFile(directory, 'soak');
  const stat = lstatSync(path, { throwIfNoEntry: false });
  const source = 'SOAK_BLOCK_PATH';
  const isItself = stat?.isFile() === true && stat.nlink === 1 && realpathSync(path) === path;
  if (!isItself || stat.size > MAX_TARGET_BYTES) {
    throw noEvidence(
      `SOAK_BLOCK_PATH=${path} must be a regular file (no link on its way, no second hard link) of at most ${MAX_TARGET_BYTES} bytes that only your test reads`,
      { value: path, source },
    );
  }
  plainFilesystem(path);
  return knownFile(path, readRegularBytes(path).toString('utf8'));
}

/** The files and addresses of a phase, and the deny rules on them. */
export class SoakSubjects {
  /** Paths behind the inodes of all file rules as they were at the start of the phase; ours by name. */
  deniedFiles: DeniedFiles = new Map();
  readonly #run: CanaryRun;
  readonly #mode: Mode;
  #made: Subjects | undefined;
  #rules: { readonly file: OwnFile; readonly id: string }[] = [];
  /** The journal's entry of the rule on the port, while it is there. */
  #portRule: string | undefined;
  #policy: AppliedPolicy | undefined;

  constructor(run: CanaryRun, mode: Mode) {
    this.#run = run;
    this.#mode = mode;
  }

  /** @throws JudgementError (inconclusive) before they are made. */
  get made(): Subjects {
    if (this.#made === undefined) throw noEvidence('the probe files were not made');
    return this.#made;
  }

  /** Positive control: without a rule the files are read as they were written, and each route is taken once. */
  async make(): Promise<Judgement> {
    const { settings } = this.#run;
    const filesystem = plainFilesystem(settings.PROBE_DIR);
    const directory = ownDirectory(settings.PROBE_DIR, await this.#run.journal());
    // An ordinary user takes a route as well.
    chmodSync(directory, 0o755);
    const files = {
      probe: ownProgram(directory, 'probe'),
      soak: soakTarget(settings, directory),
      beside: ownFile(directory, 'beside'),
    };
    for (const file of Object.values(files)) {
      const { outcome } = await probeFile(file, this.#run.candidate.environment);
      if (outcome.kind !== 'allowed')
        return inconclusive(
          `${file.path} could not be read before there was any rule of ours: ${outcomeText(outcome)}; something else on this host interferes`,
          { source: file.path },
        );
    }
    makeBesides(files.probe.path);
    const { environment } = this.#run.candidate;
    const leadTo = { probe: files.probe, port: unusedPort(), directory };
    const routes = await tryRoutes(settings, this.#mode, leadTo, environment);
    this.#made = { ...files, port: leadTo.port, routes };
    const tried = Object.values(routes).flatMap((one) => one ?? []);
    const works = tried.reduce((sum, one) => sum + one.works.length, 0);
    const texts = [
      `3 files on ${filesystem} in ${directory} are read as written`,
      ...(tried.length === 0 ? [] : [`${works} routes of the soak work`]),
      ...new Set(tried.flatMap(({ notRun }) => notRun)),
    ];
    return pass(texts.join('; '), { source: directory });
  }

  /** Rules come before the start: an audit daemon with an empty policy never attaches (docs/agent-contract.md §6.1). */
  async seedRules(): Promise<Judgement> {
    const { probe, soak, port, routes } = this.made;
    const { candidate } = this.#run;
    const journal = await this.#run.journal();
    const before = this.#run.startedWithoutPins() ? [] : await listFileRules(candidate);
    this.#policy = await applyCandidatePolicy(this.#run);
    const known = this.#policy === undefined ? before : await listFileRules(candidate);
    const files = [probe, soak];
    for (const file of files)
      this.#rules.push({ file, id: await addRule(candidate, file, known, journal) });
    const hasPort = (routes.network?.works.length ?? 0) > 0;
    if (hasPort) {
      this.#portRule = await denyPort(candidate, port, journal);
      await portMustBeListed(candidate, port, 'add');
    }
    const after = await listFileRules(candidate);
    const { denyDatabase } = agentPaths(this.#run.settings.HOST_ROOT);
    const ours = files.filter(({ path }) => path !== this.#run.settings.SOAK_BLOCK_PATH);
    this.deniedFiles = new Map([...deniedFiles(after, denyDatabase), ...ownNames(ours)]);
    const source = 'aegisbpf block list';
    for (const file of files) {
      const listed = rulesOn(after, file).length;
      if (listed !== 1)
        return fail(
          `\`block add\` exited with 0 for ${file.path} (${file.dev}:${file.ino}), but \`block list\` shows ${counted(listed, 'rule')} on it`,
          { value: listed, limit: 1, unit: 'rules', source },
        );
    }
    const lost = before.filter(
      (rule) => !after.some((one) => one.ino === rule.ino && one.dev === rule.dev),
    );
    if (lost.length > 0) {
      const text = `adding our rules removed ${counted(lost.length, 'rule')} of the host: ${lost.map(ruleText).join(', ')}`;
      return fail(text, { value: lost.length, limit: 0, source });
    }
    return pass(
      `${files.length + Number(hasPort)} rules of ours beside ${before.length} of the host${this.#policy === undefined ? '' : `, and the rules of ${this.#run.settings.CANDIDATE_POLICY}`}`,
      { value: after.length + Number(hasPort), unit: 'rules', source },
    );
  }

  /**
   * Removes the rules while the agent runs, and proves that they are gone: by its own count, or where that is another than
   * it must be, by the list. @param kept a file whose rule stays for now. @returns what is wrong, if anything.
   */
  async removeRules(daemon: ReadyDaemon, kept?: OwnFile): Promise<Judgement | undefined> {
    const { candidate } = this.#run;
    const journal = await this.#run.journal('undo');
    const before = await ruleCounts(daemon.metricsAddress);
    await this.#allowPort(before.network, daemon, journal);
    const removed = this.#rules.filter(({ file }) => file !== kept);
    this.#rules = this.#rules.filter(({ file }) => file === kept);
    for (const { file, id } of removed) {
      const result = await removeRule(candidate, file, id, journal);
      if (result.exitCode !== 0) return fail(howItEnded(result), { source: result.command });
    }
    const { files: now } = await ruleCounts(daemon.metricsAddress);
    if (before.files !== undefined && now === before.files - removed.length) return undefined;
    const rules = await listFileRules(candidate);
    const left = removed.flatMap(({ file }) => rulesOn(rules, file));
    if (left.length === 0) return undefined;
    return fail(
      `\`block del\` exited with 0, but \`block list\` still shows ${left.map(ruleText).join(', ')}`,
      { value: left.length, limit: 0, unit: 'rules', source: 'aegisbpf block list' },
    );
  }

  /** @param before rules of the network, by the agent's own count. */
  async #allowPort(before: number | undefined, daemon: ReadyDaemon, journal: Journal) {
    const id = this.#portRule;
    if (id === undefined) return;
    const { candidate } = this.#run;
    const { port } = this.made;
    this.#portRule = undefined;
    await allowPort(candidate, port);
    const now = (await ruleCounts(daemon.metricsAddress)).network;
    if (before === undefined || now !== before - 1) await portMustBeListed(candidate, port, 'del');
    journal.strike(id);
  }

  /** Removes a policy and rules that were kept, or that a dead agent left; what stays is left to the journal. */
  async cleanUp(): Promise<void> {
    const { candidate } = this.#run;
    // A journal that is lost is told by the exit criterion.
    const journalled = () => this.#run.journal('undo').catch(() => undefined);
    for (const { file, id } of this.#rules.splice(0)) {
      const journal = await journalled();
      if (journal !== undefined) await removeRule(candidate, file, id, journal);
    }
    if (this.#portRule !== undefined) {
      const journal = await journalled();
      if (journal !== undefined)
        await removePortRule(candidate, this.made.port, this.#portRule, journal);
      this.#portRule = undefined;
    }
    if (this.#policy !== undefined) await removePolicy(this.#run, this.#policy);
  }
}
