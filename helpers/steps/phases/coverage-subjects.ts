import { howItEnded, runCommand } from '../../agent/command.ts';
import type { OwnFile } from '../../changes/own-file.ts';
import { plainFilesystem } from '../../changes/own-file.ts';
import {
  addRule,
  listFileRules,
  listNetworkRules,
  removeRule,
  rulesOn,
} from '../../changes/rules.ts';
import { cannotBeTried } from '../../coverage/judge-lines.ts';
import { type MadeSite, makeSite } from '../../coverage/make-site.ts';
import { Probe } from '../../coverage/probe.ts';
import type { Site } from '../../coverage/site.ts';
import { type Kind, TABLE } from '../../coverage/table.ts';
import { type Standing, type Taken, takeTable } from '../../coverage/take-table.ts';
import { fail, inconclusive, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';

/** Begun before the rules, and so before the agent; they live to the end of the phase. */
const STANDING: readonly Kind[] = ['early', 'holder'];

/** The files, addresses and rules that the coverage phase works with; the rules are there in both modes. */
export class CoverageSubjects {
  readonly #run: CanaryRun;
  #made: MadeSite | undefined;
  #standing: Standing = new Map();
  #notRun: ReadonlyMap<string, string> = new Map();
  #fileRules: { readonly file: OwnFile; readonly id: string }[] = [];
  #networkRules: { readonly rule: readonly string[]; readonly id: string }[] = [];

  constructor(run: CanaryRun) {
    this.#run = run;
  }

  get made(): MadeSite {
    if (this.#made === undefined) throw noEvidence('the files of the coverage phase were not made');
    return this.#made;
  }

  /** Why lines of the table cannot be tried on this host, by their words. */
  get notRun(): ReadonlyMap<string, string> {
    return this.#notRun;
  }

  /** Positive control: every route is taken once while there is no rule. */
  async makeAndTry(): Promise<Judgement> {
    const { PROBE_DIR } = this.#run.settings;
    const filesystem = plainFilesystem(PROBE_DIR);
    this.#made = makeSite(PROBE_DIR, await this.#run.journal());
    const { site } = this.#made;
    const { environment } = this.#run.candidate;
    this.#standing = new Map(STANDING.map((kind) => [kind, new Probe(kind, site, environment)]));
    this.#notRun = cannotBeTried(await this.take());
    const measured = {
      value: TABLE.length - this.#notRun.size,
      limit: TABLE.length,
      unit: 'routes',
      source: site.directory,
    };
    const reasons = [...this.#notRun].map(([line, reason]) => `${line} (${reason})`).join('; ');
    if (this.#notRun.size > TABLE.length / 2)
      return inconclusive(
        `most routes cannot be taken on this host, even without a rule: ${reasons}`,
        measured,
      );
    return pass(
      `${measured.value} of ${TABLE.length} routes work without a rule on ${filesystem}${reasons === '' ? '' : `; this host cannot try ${reasons}`}`,
      measured,
    );
  }

  /** Takes the whole table. @param events of the agent, once there is one. */
  take(events?: Parameters<typeof takeTable>[3]): Promise<readonly Taken[]> {
    return takeTable(this.made.site, this.#run.candidate.environment, this.#standing, events);
  }

  /** All rules before the first start: each mode finds them there. */
  async seedRules(): Promise<Judgement> {
    const { denied, site } = this.made;
    const { candidate, commandTimeoutSeconds } = this.#run;
    const journal = await this.#run.journal();
    for (const file of denied) {
      const id = await addRule(candidate, file, journal, commandTimeoutSeconds);
      this.#fileRules.push({ file, id });
    }
    for (const rule of networkRules(site)) {
      const id = journal.record({ kind: 'network-rule', arguments: [...rule] });
      this.#networkRules.push({ rule, id });
      const added = await runCommand(
        candidate,
        ['network', 'deny', 'add', ...rule],
        commandTimeoutSeconds,
      );
      if (added.exitCode !== 0) return fail(howItEnded(added), { source: added.command });
    }
    const missing = [
      ...(await this.#fileRulesThere(0)),
      ...(await this.#networkRulesMissing(networkRules(site))),
    ];
    if (missing.length > 0)
      return fail(`the agent said yes, and does not list ${missing.join(', ')}`, {
        value: missing.length,
        limit: 0,
        unit: 'rules missing',
      });
    const count = denied.length + networkRules(site).length;
    return pass(`${count} rules of ours, on ${denied.length} files, 2 addresses and 2 ports`, {
      value: count,
      unit: 'rules',
    });
  }

  /** Removes every rule of ours, and shows that the lists have none of them. */
  async removeRules(): Promise<Judgement> {
    const { candidate, commandTimeoutSeconds } = this.#run;
    const journal = await this.#run.journal();
    const count = this.#fileRules.length + this.#networkRules.length;
    for (const { rule, id } of this.#networkRules.splice(0)) {
      const args = ['network', 'deny', 'del', ...rule];
      const removed = await runCommand(candidate, args, commandTimeoutSeconds);
      if (removed.exitCode !== 0) return fail(howItEnded(removed), { source: removed.command });
      journal.strike(id);
    }
    for (const { file, id } of this.#fileRules.splice(0)) {
      const removed = await removeRule(candidate, file, id, journal, commandTimeoutSeconds);
      if (removed.exitCode !== 0) return fail(howItEnded(removed), { source: removed.command });
    }
    const rules = networkRules(this.made.site);
    const missing = await this.#networkRulesMissing(rules);
    const left = [
      ...(await this.#fileRulesThere(1)),
      ...rules.map(ruleText).filter((rule) => !missing.includes(rule)),
    ];
    const measured = { value: left.length, limit: 0, unit: 'rules left' };
    return left.length === 0
      ? pass(`${count} rules of ours removed`, measured)
      : fail(`the agent said yes, and still lists ${left.join(', ')}`, measured);
  }

  /** Ends the processes that live through the phase; rules still there are left to the journal. */
  cleanUp(): void {
    for (const probe of this.#standing.values()) probe.kill();
  }

  /** Paths of our files that have this many rules. */
  async #fileRulesThere(count: number): Promise<string[]> {
    const { candidate, commandTimeoutSeconds } = this.#run;
    const listed = await listFileRules(candidate, commandTimeoutSeconds);
    return this.made.denied
      .filter((file) => rulesOn(listed, file).length === count)
      .map(({ path }) => path);
  }

  async #networkRulesMissing(rules: readonly (readonly string[])[]): Promise<string[]> {
    const { candidate, commandTimeoutSeconds } = this.#run;
    const listed = await listNetworkRules(candidate, commandTimeoutSeconds);
    const isListed = (text: string) =>
      listed.some((entry) => entry === text || entry.startsWith(`${text} `));
    return rules.map(ruleText).filter((text) => !isListed(text));
  }
}

/** What is denied, last, as the agent's list shows it first. */
const ruleText = (rule: readonly string[]) => rule.at(-1) ?? '';

function networkRules({ ipv4, ipv6 }: Site): readonly (readonly string[])[] {
  const onPort = (direction: string, port: number) => [
    ...['--protocol', 'any', '--direction', direction],
    ...['--port', String(port)],
  ];
  return [
    ['--ip', ipv4.address],
    ['--ip', ipv6.address],
    onPort('bind', ipv4.bindPort),
    onPort('both', ipv4.bothPort),
  ];
}
