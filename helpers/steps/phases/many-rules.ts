import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { howItEnded } from '../../agent/command.ts';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import { scrapeCommand } from '../../agent/scrape.ts';
import { ownInput } from '../../changes/own-file.ts';
import type { Rules } from '../../coverage/decision-times.ts';
import { judgeManyRulesStart } from '../../coverage/many-rules-start.ts';
import type { Attempt } from '../../coverage/policy-sample.ts';
import { FILES } from '../../coverage/site.ts';
import { tryRules } from '../../coverage/try-rules.ts';
import { fail, inconclusive, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { counted } from '../../text/counted.ts';
import type { CanaryRun } from '../canary-run.ts';
import { policyOf } from './candidate-policy.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { whileEnforcing } from './enforcing-start.ts';
import { RuleTimes } from './rule-times.ts';

const START = 'coverage/many-rules-start';
/** The agent's tables, with what a rule of each kind takes of them. */
const TABLES = { paths: 'deny_path', addresses: 'deny_ipv4' } as const;
const CAPACITY = 'aegisbpf_map_capacity';
/** Half as many addresses as paths, as production has. */
const ADDRESSES_PER_PATH = 0.5;
/** Of each table so much stays free: rules of the host are in it as well. */
const FILLED = 0.9;

/** Nothing listens there, and nothing needs to. */
const ANY_PORT = 9;

interface Subjects {
  readonly files: readonly string[];
  readonly addresses: readonly string[];
}

const attemptsOn = ({ files, addresses }: Subjects): Attempt[] => [
  ...files.map((path) => ({ kind: 'file', path }) as const),
  ...addresses.map(
    (address) => ({ kind: 'connect', protocol: 'udp', address, port: ANY_PORT }) as const,
  ),
];

/** The rules of a large policy, and what it leaves free. */
interface LargePolicy {
  readonly file: string;
  readonly denied: Subjects;
  readonly free: Subjects;
  readonly rules: number;
}

const firstMiddleLast = (list: readonly string[]): string[] =>
  [0, Math.floor(list.length / 2), list.length - 1].flatMap((index) => list[index] ?? []);

/** In 127.0.0.0/8, where a host has every address: 65,536 of them that none of our other rules names. */
function besideNetworkOf(address: string): string {
  const second = Number(address.split('.')[1]);
  return `127.${second < 254 ? second + 1 : 16}`;
}

/** A policy of production size, put in force while the agent enforces. */
export class ManyRules {
  readonly #run: CanaryRun;
  readonly #subjects: CoverageSubjects;
  readonly #daemon: () => ReadyDaemon;
  readonly #ruleTimes: RuleTimes;
  #policy: LargePolicy | undefined;

  constructor(run: CanaryRun, subjects: CoverageSubjects, daemon: () => ReadyDaemon) {
    this.#run = run;
    this.#subjects = subjects;
    this.#daemon = daemon;
    this.#ruleTimes = new RuleTimes(run, daemon);
  }

  /** Its first, middle and last rule are in force once it is applied, and nothing beside them. */
  async apply(): Promise<Judgement> {
    this.#daemon();
    const policy = await this.#make();
    await this.#times('few');
    const applied = await this.#run.command('policy', 'apply', policy.file, '--reset');
    if (applied.exitCode !== 0) return fail(howItEnded(applied), { source: applied.command });
    this.#policy = policy;
    await this.#times('many');
    const seconds = (applied.durationMs / 1000).toFixed(1);
    const judged = await this.#inForce(policy, 'after the apply');
    return judged.verdict === 'pass'
      ? {
          ...judged,
          explanation: `${policy.rules} rules in ${seconds} s; ${judged.explanation}${this.#ruleTimes.memory}`,
        }
      : judged;
  }

  /** The same once another policy was applied, and rolled back. */
  async rollBack(): Promise<Judgement> {
    if (this.#policy === undefined) throw noEvidence('the large policy was not applied');
    this.#daemon();
    const { policyFile } = this.#subjects;
    for (const [rules, args] of [
      ['few', ['apply', policyFile, '--reset']],
      ['many', ['rollback']],
    ] as const) {
      const result = await this.#run.command('policy', ...args);
      if (result.exitCode !== 0) return fail(howItEnded(result), { source: result.command });
      await this.#times(rules);
    }
    return this.#inForce(this.#policy, 'after the rollback');
  }

  /**
   * A restart on a host of production finds such a policy in force, and until the agent is ready nothing is denied there. The policy
   * of the phase that removes all rules takes it away.
   */
  async start(): Promise<Judgement> {
    const policy = this.#policy;
    if (policy === undefined) throw noEvidence('the large policy was not applied');
    const applied = await this.#run.command('policy', 'apply', policy.file, '--reset');
    if (applied.exitCode !== 0) return fail(howItEnded(applied), { source: applied.command });
    const { candidate, settings } = this.#run;
    return whileEnforcing(this.#run, candidate, { name: START }, async (ready) => {
      const inForce = await this.#inForce(policy, 'after a start with them', ready, START);
      const { startMs } = ready;
      const { rules } = policy;
      const limitMs = settings.MAX_READY_MS;
      return judgeManyRulesStart({ rules, startMs, limitMs, inForce }, `${START}/agent.stderr.log`);
    });
  }

  /** Opens take no longer with them than with few. */
  times(): Judgement {
    return this.#ruleTimes.judge();
  }

  cleanUp(): Promise<void> {
    return this.#ruleTimes.cleanUp();
  }

  /** Of a file beside all rules, and of one that the policy in force denies. */
  #times(rules: Rules): Promise<void> {
    const { site } = this.#subjects.made;
    const few = this.#subjects.deniedFile();
    const many = this.#policy?.denied.files[1] ?? few;
    return this.#ruleTimes.measure(rules, {
      free: join(site.directory, FILES.beside),
      denied: rules === 'few' ? few : many,
    });
  }

  async #make(): Promise<LargePolicy> {
    const { directory, ipv4 } = this.#subjects.made.site;
    const network = besideNetworkOf(ipv4.address);
    const size = await this.#size();
    // Of a path with a symbolic link on its way the agent keeps two (docs/agent-contract.md §9.1).
    const folder = join(realpathSync(directory), 'many');
    mkdirSync(folder);
    const fileAt = (index: number) => {
      const path = join(folder, `${index}`);
      writeFileSync(path, '', { flag: 'wx' });
      return path;
    };
    const paths = Array.from({ length: size.paths }, (_, index) => fileAt(index));
    const [freeFile] = [fileAt(size.paths)];
    const addressAt = (index: number) => `${network}.${index >> 8}.${index & 255}`;
    const addresses = Array.from({ length: size.addresses }, (_, index) => addressAt(index));
    const text = policyOf({
      deny_path: [...this.#subjects.hostPaths, ...paths],
      deny_ip: addresses,
    });
    return {
      file: ownInput(directory, 'many.policy', text),
      denied: { files: firstMiddleLast(paths), addresses: firstMiddleLast(addresses) },
      free: { files: [freeFile], addresses: [addressAt(size.addresses)] },
      rules: paths.length + addresses.length,
    };
  }

  /** As many as asked for, within the agent's own tables. */
  async #size(): Promise<{ readonly paths: number; readonly addresses: number }> {
    const asked = this.#run.settings.MANY_RULES;
    const scrape = await scrapeCommand(this.#run.candidate);
    const room = (map: string) => {
      const [first] = scrape.ok
        ? scrape.metrics.samples(CAPACITY).filter(({ labels }) => labels.map === map)
        : [];
      if (first === undefined)
        throw noEvidence(
          `${scrape.source} does not report ${CAPACITY} of ${map}, so nobody knows how many rules fit`,
        );
      return Math.floor(first.value * FILLED);
    };
    const hostPaths = this.#subjects.hostPaths.length;
    const paths = Math.min(asked, room(TABLES.paths) - hostPaths);
    const addresses = Math.min(Math.ceil(asked * ADDRESSES_PER_PATH), room(TABLES.addresses));
    // A first, a middle and a last one.
    if (paths < 3 || addresses < 3)
      throw noEvidence(
        `the agent's tables have room for ${Math.max(0, paths)} paths and ${addresses} addresses beside the host's rules, and at least 3 of each are tried`,
      );
    return { paths, addresses };
  }

  async #inForce(
    { denied, free }: LargePolicy,
    when: string,
    daemon = this.#daemon(),
    life = 'coverage/enforce',
  ): Promise<Judgement> {
    const wanted = [...denied.files, ...denied.addresses];
    const others = [...free.files, ...free.addresses];
    const reached = await tryRules(
      [...attemptsOn(denied), ...attemptsOn(free)],
      this.#run.candidate.environment,
      daemon.events,
    );
    const source = `${life}/agent.stdout.ndjson`;
    if (reached === undefined)
      return inconclusive(`the process that tries the rules ${when} reported nothing`, { source });
    const { outcomes, made } = reached;
    const outcomeOf = new Map(
      [...wanted, ...others].map((subject, index) => [subject, outcomes[index]]),
    );
    const notDenied = wanted.filter((subject) => outcomeOf.get(subject) !== 'EPERM');
    const denials = others.filter((subject) => outcomeOf.get(subject) !== 'let through');
    const measured = {
      ...{ value: wanted.length - notDenied.length, limit: wanted.length },
      ...{ unit: 'rules in force', source },
    };
    const unattached = daemon.capabilities.hooks.lsm_socket_connect === false;
    if (
      unattached &&
      notDenied.length > 0 &&
      notDenied.every((subject) => denied.addresses.includes(subject))
    )
      return inconclusive(
        `the agent did not attach lsm_socket_connect, by its capability report, so rules on addresses could not be tried ${when}; see its log for the reason, or use a kernel that has the hook`,
        measured,
      );
    if (notDenied.length > 0)
      return fail(`${when} these rules are not in force: ${notDenied.join(', ')}`, measured);
    if (denials.length > 0)
      return fail(`${when} what no rule concerns is denied: ${denials.join(', ')}`, measured);
    return made === wanted.length
      ? pass(`the first, middle and last rule of each kind are in force ${when}`, measured)
      : fail(
          `${when} the agent logged ${counted(made, 'event')} of ${counted(wanted.length, 'denial')}`,
          measured,
        );
  }
}
