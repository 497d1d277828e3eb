import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { type Candidate, howItEnded, runCommand } from '../../agent/command.ts';
import { parseProbe } from '../../agent/contract/probe.ts';
import { parseVersion } from '../../agent/contract/version.ts';
import type { EventLog, OwnDecision } from '../../agent/stream/event-log.ts';
import { agentPaths } from '../../changes/agent-state.ts';
import { ownInput, plainFilesystem } from '../../changes/own-file.ts';
import { cgroupId, type RuleList, rulesOn } from '../../changes/rules.ts';
import { systemdOf } from '../../changes/transient-unit.ts';
import { cannotBeTried, isSilent, withoutRule } from '../../coverage/judge-lines.ts';
import { Launcher } from '../../coverage/launch.ts';
import { type MadeSite, makeSite } from '../../coverage/make-site.ts';
import { missingRuleOf } from '../../coverage/missing-rule.ts';
import { mergedFiles } from '../../coverage/own-overlay.ts';
import { Probe } from '../../coverage/probe.ts';
import { owedSections, type Promises } from '../../coverage/promises.ts';
import { FILES, type NetworkSite, type Site } from '../../coverage/site.ts';
import { runningSurvivors, type Survivor, startSurvivor } from '../../coverage/survivors.ts';
import { type Kind, type Line, TABLE } from '../../coverage/table.ts';
import { type Standing, type Told, takeTable } from '../../coverage/take-table.ts';
import type { Taken } from '../../coverage/taken.ts';
import { Watermark } from '../../coverage/watermark.ts';
import { fail, inconclusive, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { type DeniedFiles, deniedFiles, ownNames } from '../../review/denied-files.ts';
import type { CanaryRun } from '../canary-run.ts';
import { mustBeRestorable } from '../drill/restorable.ts';
import { type AppliedPolicy, journalPolicy, policyOf, removePolicy } from './candidate-policy.ts';

/** Begun before the rules, and so before the agent; they live to the end of the phase. */
const STANDING: readonly Kind[] = [
  ...(['early', 'holder', 'socket-holder', 'network-ipv6-holder', 'overlay-holder'] as const),
];

/** Rules on an address and a port, as a policy and the agent's list have them. */
function pairsOf({ pair, pairPort, pairTcpPort }: NetworkSite): readonly string[] {
  const address = pair.includes(':') ? `[${pair}]` : pair;
  return [`${address}:${pairPort}`, `${address}:${pairTcpPort}:tcp`];
}

/** Rules on ports of one cgroup, which they name by its path or by its number; what is left out is any protocol, and both directions. */
function scopedPorts(
  { scopedPort, scopedBothPort, scopedUdpPort, scopedUdpBothPort }: NetworkSite,
  cgroup: string,
): readonly string[] {
  const byNumber = `cgid:${cgroupId(cgroup)}`;
  return [
    ...[`${cgroup} ${scopedPort}:any:egress`, `${byNumber} ${scopedBothPort}`],
    ...[`${cgroup} ${scopedUdpPort}:udp:egress`, `${byNumber} ${scopedUdpBothPort}:udp`],
  ];
}

/** For these the agent reads every program of the host (docs/agent-contract.md §9.1): they are put in force once. */
const BY_CONTENT: readonly string[] = ['deny_binary_hash', 'scan_paths'];

/** No file is on it. */
const NO_DEVICE = 0;
/** Large filesystems have numbers of more than 32 bits. */
const UPPER_HALF = 2n ** 32n;

/** Every rule of the coverage phase, by the section of a policy that it stands in. @param hostPaths of the host's own file rules, which it keeps. */
function coverageRules(
  { rulePaths, site, ...files }: MadeSite,
  merged: CoverageSubjects['merged'],
  hostPaths: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  const families: readonly Site['ipv4'][] = [site.ipv4, site.ipv6];
  const { bindPort, bothPort, tcpPort, udpPort, udpBothPort, scoped } = site.ipv4;
  const { byNumber, otherDevice, otherHalf, guarded, byContent } = files;
  const inRuled = (rule: string) =>
    site.cgroups === undefined ? [] : [`${site.cgroups.ruled} ${rule}`];
  return {
    deny_path: [...hostPaths, ...rulePaths],
    deny_ip: families.map(({ address }) => address),
    deny_cidr: families.map(({ range }) => range.network),
    deny_port: [
      ...[`${bindPort}:any:bind`, `${bothPort}:any:both`],
      ...[`${tcpPort}:tcp:egress`, `${udpPort}:udp:egress`],
      // Its direction is left out, as people do: it is both.
      `${udpBothPort}:udp`,
    ],
    deny_ip_port: families.flatMap(pairsOf),
    deny_comm: [site.names.denied],
    allow_cgroup: site.cgroups === undefined ? [] : [site.cgroups.allowed],
    deny_inode: [
      ...[byNumber, ...merged].map(({ dev, ino }) => `${dev}:${ino}`),
      `${NO_DEVICE}:${otherDevice.ino}`,
      `${otherHalf.dev}:${BigInt(otherHalf.ino) + UPPER_HALF}`,
    ],
    protect_path: [guarded.path],
    deny_binary_hash: [`sha256:${byContent.sha256}`],
    scan_paths: [byContent.directory],
    cgroup_deny_inode: inRuled(`${files.scoped.dev}:${files.scoped.ino}`),
    cgroup_deny_ip: inRuled(scoped),
    cgroup_deny_port: site.cgroups === undefined ? [] : scopedPorts(site.ipv4, site.cgroups.ruled),
  };
}

/** The files, addresses and rules that the coverage phase works with; the rules are there in both modes. */
export class CoverageSubjects {
  readonly #run: CanaryRun;
  /** Why lines of the table cannot be tried on this host, by their words. */
  notRun: ReadonlyMap<string, string> = new Map();
  promises: Promises = { probed: undefined, unknownSections: [], owedSections: [] };
  #made: MadeSite | undefined;
  /** The host's own file rules, which every policy of ours keeps. */
  hostPaths: readonly string[] = [];
  /** Files of an overlay of ours, with rules on their numbers there; none where no overlay could be mounted. */
  merged: ReturnType<typeof mergedFiles> = [];
  #policyFile: string | undefined;
  #wholePolicy: string | undefined;
  /** What stands in it. */
  #policySections: Readonly<Record<string, readonly string[]>> = {};
  /** A policy that is only read: also of sections that a version does not know. */
  #everySection = '';
  #hostFiles: DeniedFiles = new Map();
  #standing: Standing = new Map();
  #survivor: ChildProcess | undefined;
  #launcher: Launcher | undefined;
  /** Programs that ran before the agent did, and that no rule may deny. */
  survivors: readonly Survivor[] = [];
  #applied: AppliedPolicy | undefined;
  /** Rules of ours that the agent does not list; what is tried on them shows nothing. */
  missing: readonly string[] = [];

  constructor(run: CanaryRun) {
    this.#run = run;
  }

  get made(): MadeSite {
    if (this.#made === undefined) throw noEvidence('the files of the coverage phase were not made');
    return this.#made;
  }

  /** The policy with every rule of the phase, but for those by content. */
  get policyFile(): string {
    if (this.#policyFile === undefined) throw noEvidence('the rules were not made');
    return this.#policyFile;
  }

  /** The same with those: the policy that the rules of the phase came by. */
  get wholePolicy(): string {
    if (this.#wholePolicy === undefined) throw noEvidence('the rules were not made');
    return this.#wholePolicy;
  }

  /** The text of the policy without those, with more rules. @param without sections that a version does not know. */
  policyWith(
    more: Readonly<Record<string, readonly string[]>>,
    without: readonly string[] = [],
  ): string {
    const all = new Map(Object.entries(this.#policySections));
    for (const [name, lines] of Object.entries(more))
      all.set(name, [...(all.get(name) ?? []), ...lines]);
    for (const name of without) all.delete(name);
    return policyOf(Object.fromEntries(all));
  }

  /** Positive control: every route is taken once while there is no rule. */
  async makeAndTry(): Promise<Judgement> {
    const { PROBE_DIR, HOST_ROOT } = this.#run.settings;
    const filesystem = plainFilesystem(PROBE_DIR);
    const journal = await this.#run.journal();
    this.#launcher = new Launcher(systemdOf(HOST_ROOT), this.#run.provided.runId, journal);
    // Pins that were there before stay, and so would our program on their survival list.
    this.#made = makeSite(PROBE_DIR, journal, this.#run.startedWithoutPins());
    const { site } = this.#made;
    const { environment } = this.#run.candidate;
    if (site.hasSurvivor === true)
      this.#survivor = startSurvivor(join(site.directory, FILES.survivor), environment);
    this.survivors = runningSurvivors();
    this.#standing = new Map(STANDING.map((kind) => [kind, this.begin(kind)]));
    const control = await this.take();
    this.notRun = cannotBeTried(control);
    const silent = control.filter(isSilent).length;
    const [value, limit] = [TABLE.length - this.notRun.size - silent, TABLE.length];
    const measured = { value, limit, unit: 'routes', source: site.directory };
    const reasons = [...this.notRun].map(([line, reason]) => `${line} (${reason})`).join('; ');
    const unanswered =
      silent === 0
        ? ''
        : `; ${silent} gave no answer, for their processes were killed: they must answer with the rules`;
    if (value < limit / 2)
      return inconclusive(
        `most routes cannot be taken on this host, even without a rule: ${reasons}${unanswered}`,
        measured,
      );
    return pass(
      `${value} of ${limit} routes work without a rule on ${filesystem}${reasons === '' ? '' : `; this host cannot try ${reasons}`}${unanswered}`,
      measured,
    );
  }

  /** Takes the table. @param watermark of the agent's events, once there is one. @param kinds whose lines are taken; all where absent. */
  take(watermark?: Told, kinds?: readonly Kind[]): Promise<readonly Taken[]> {
    return takeTable((kind) => this.begin(kind), this.#standing, watermark, kinds);
  }

  /** The same of these kinds, without waiting for the event of each route. @param told gets what is told of each process. */
  takeAtOnce(
    events: EventLog,
    kinds: readonly Kind[],
    told: Set<readonly OwnDecision[]> = new Set(),
  ): Promise<readonly Taken[]> {
    const watchProcess = (pid: number) => {
      const own = events.watchProcess(pid);
      told.add(own);
      return own;
    };
    const isTold = () => Promise.resolve(true);
    return this.take({ events: { watchProcess, until: isTold }, passed: isTold }, kinds);
  }

  /** Starts a process of the kind. @returns in words why this host can have none. */
  begin(kind: Kind): Probe | string {
    const { environment } = this.#run.candidate;
    const launch = this.#launcher?.launch(kind, environment) ?? 'nothing was made to be tried';
    return typeof launch === 'string'
      ? launch
      : new Probe(kind, this.made.site, environment, launch);
  }

  watermark(events: EventLog): Watermark {
    const probe = new Probe('network', this.made.site, this.#run.candidate.environment);
    return new Watermark(events, probe);
  }

  /** All rules before the first start, by one policy: each mode finds them there. */
  async seedRules(): Promise<Judgement> {
    const { candidate, settings } = this.#run;
    const rules = await this.#run.rules();
    mustBeRestorable(this.#run, rules);
    this.#hostFiles = deniedFiles(rules.files, agentPaths(settings.HOST_ROOT).denyDatabase);
    this.hostPaths = rules.files.flatMap(({ path }) => path ?? []);
    const holder = this.#standing.get('overlay-holder');
    const pid = typeof holder === 'object' ? await holder.up() : undefined;
    if (typeof pid === 'number') this.merged = mergedFiles(pid, this.made.site.directory);
    const sections = coverageRules(this.made, this.merged, this.hostPaths);
    const { directory } = this.made.site;
    this.#everySection = ownInput(directory, 'promises.policy', policyOf(sections));
    this.promises = await this.promisesOf(candidate);
    const known = Object.entries(sections).filter(
      ([name]) => !this.promises.unknownSections.includes(name),
    );
    const text = policyOf(Object.fromEntries(known));
    const policy = ownInput(this.made.site.directory, 'coverage.policy', text);
    const again = known.filter(([name]) => !BY_CONTENT.includes(name));
    this.#policySections = Object.fromEntries(again);
    const few = policyOf(this.#policySections);
    this.#policyFile = ownInput(this.made.site.directory, 'coverage-again.policy', few);
    this.#applied = await journalPolicy(this.#run, this.hostPaths);
    this.#wholePolicy = policy;
    const applied = await runCommand(candidate, 'policy', 'apply', policy, '--reset');
    if (applied.exitCode !== 0) return fail(howItEnded(applied), { source: applied.command });
    const value = this.#wanted().length;
    return pass(`${value} rules of ours by one policy`, { value, unit: 'rules' });
  }

  /** What it does not list is missing for its own routes alone. */
  async listRules(): Promise<Judgement> {
    const there = this.#ours(await this.#run.rules());
    const wanted = this.#wanted();
    this.missing = wanted.filter((rule) => !there.includes(rule));
    const measured = { value: this.missing.length, limit: 0, unit: 'rules missing' };
    return this.missing.length === 0
      ? pass(`the agent lists each of ${wanted.length} rules`, measured)
      : fail(
          `\`policy apply\` exited with 0, but the agent does not list ${this.missing.join(', ')}`,
          measured,
        );
  }

  /** The rule that a line of the table is about, where the agent does not list it. */
  readonly missingRule = (line: Line) => missingRuleOf(line, this.made.site, this.missing);

  /** A file with a rule that the agent lists. @throws JudgementError (inconclusive) where it lists none. */
  deniedFile(): string {
    const paths = this.made.denied.map(({ path }) => path);
    const listed = paths.find((path) => !this.missing.includes(path));
    if (listed === undefined) throw withoutRule(paths[0] ?? 'on any file');
    return listed;
  }

  /** Removes every rule of ours, and shows that the lists have none of them. */
  async removeRules(): Promise<Judgement> {
    if (this.#applied === undefined) throw noEvidence('the rules were not made');
    const removed = await removePolicy(this.#run, this.#applied);
    if (removed.exitCode !== 0) return fail(howItEnded(removed), { source: removed.command });
    const there = this.#ours(await this.#run.rules());
    const left = this.#wanted().filter((rule) => there.includes(rule));
    const measured = { value: left.length, limit: 0, unit: 'rules left' };
    return left.length === 0
      ? pass(`${this.#wanted().length} rules of ours removed`, measured)
      : fail(
          `\`policy apply\` exited with 0, but the agent still lists ${left.join(', ')}`,
          measured,
        );
  }

  /** The host's files by their paths, ours by their names, as a person reviews them. */
  names(): DeniedFiles {
    const { denied, scoped } = this.made;
    return new Map([...this.#hostFiles, ...ownNames([...denied, scoped, ...this.merged])]);
  }

  /** What a version says of itself. These commands only read; what else `policy lint` says, `policy apply` says again. */
  async promisesOf(version: Candidate): Promise<Promises> {
    const linted = await runCommand(version, 'policy', 'lint', this.#everySection);
    const told = parseVersion((await runCommand(version, 'version')).stdout);
    const probe = parseProbe((await runCommand(version, 'probe')).stdout);
    const hooks = probe.ok ? probe.value.hook_probe?.hooks : undefined;
    return {
      probed: hooks && Object.keys(hooks),
      unknownSections: [...linted.stderr.matchAll(/unknown section\W+(\w+)/g)].flatMap(
        ([, name]) => name ?? [],
      ),
      owedSections: told.ok ? owedSections(told.value) : [],
    };
  }

  /** Ends the processes that live through the phase; rules still there are left to the journal. */
  cleanUp(): void {
    for (const probe of this.#standing.values()) if (typeof probe !== 'string') probe.kill();
    this.#survivor?.kill('SIGKILL');
  }

  /** Every rule of ours that a list of the agent shows, as it shows it. */
  #wanted(): readonly string[] {
    const { site, denied, byNumber, guarded, byContent } = this.made;
    const { unknownSections } = this.promises;
    const has = (name: string) => !unknownSections.includes(name);
    const files = denied.filter(
      (file) =>
        (file !== byNumber || has('deny_inode')) &&
        (file !== guarded || has('protect_path')) &&
        (!byContent.files.includes(file) || has('deny_binary_hash')),
    );
    const { ipv4, ipv6, cgroups } = site;
    const { bindPort, bothPort, tcpPort, udpPort, udpBothPort } = ipv4;
    return [
      ...[...files, ...(has('deny_inode') ? this.merged : [])].map(({ path }) => path),
      ...[ipv4, ipv6].flatMap(({ address, range }) => [address, range.network]),
      ...[`${bindPort} (any, bind)`, `${bothPort} (any, both)`, `${tcpPort} (tcp, egress)`],
      ...[`${udpPort} (udp, egress)`, `${udpBothPort} (udp, both)`],
      ...[ipv4, ipv6].flatMap(pairsOf),
      ...(cgroups === undefined ? [] : this.#ofCgroups(cgroups)),
    ];
  }

  #ofCgroups({ allowed, ruled }: NonNullable<Site['cgroups']>): readonly string[] {
    const { site, scoped } = this.made;
    const { scopedPort, scopedBothPort, scopedUdpPort, scopedUdpBothPort } = site.ipv4;
    const rules = {
      cgroup_deny_inode: [`${scoped.dev}:${scoped.ino}`],
      cgroup_deny_ip: [site.ipv4.scoped],
      cgroup_deny_port: [
        ...[`${scopedPort} (any, egress)`, `${scopedBothPort} (any, both)`],
        ...[`${scopedUdpPort} (udp, egress)`, `${scopedUdpBothPort} (udp, both)`],
      ],
    };
    const known = Object.entries(rules).filter(
      ([name]) => !this.promises.unknownSections.includes(name),
    );
    const id = cgroupId(ruled);
    return [
      `allowed cgroup ${cgroupId(allowed)}`,
      ...known.flatMap(([, list]) => list.map((rule) => `cgid:${id} ${rule}`)),
    ];
  }

  /** What the agent's lists have, of the same words. */
  #ours({ files, network, allowedCgroups, cgroupRules }: RuleList): readonly string[] {
    return [
      ...[...this.made.denied, ...this.merged]
        .filter((file) => rulesOn(files, file).length > 0)
        .map(({ path }) => path),
      // `ips: ADDRESS`; an address and a port may have a protocol behind them.
      ...network.map((entry) => entry.replace(/^\w+: /, '').replace(/:any$/, '')),
      ...allowedCgroups.map((id) => `allowed cgroup ${id}`),
      ...cgroupRules,
    ];
  }
}
