import { howItEnded } from '../../agent/command.ts';
import { agentPaths } from '../../changes/agent-state.ts';
import {
  type OwnFile,
  ownDirectory,
  ownFile,
  ownInput,
  plainFilesystem,
} from '../../changes/own-file.ts';
import { rulesOn } from '../../changes/rules.ts';
import { fail, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { type DeniedFiles, deniedFiles, ownNames } from '../../review/denied-files.ts';
import type { CanaryRun } from '../canary-run.ts';
import { mustBeRestorable } from '../drill/restorable.ts';
import { type AppliedPolicy, journalPolicy, policyOf, removePolicy } from './candidate-policy.ts';

/** Addresses for documentation, which nobody has (RFC 5737, RFC 3849): IPv4 as far as they go, then IPv6. */
const IPV4_ADDRESSES = [192, 198].flatMap((first) =>
  Array.from(
    { length: 254 },
    (_, host) => `${first === 192 ? '192.0.2' : '198.51.100'}.${host + 1}`,
  ),
);
const addresses = (count: number): string[] => [
  ...IPV4_ADDRESSES.slice(0, count),
  ...Array.from(
    { length: Math.max(0, count - IPV4_ADDRESSES.length) },
    (_, host) => `2001:db8::${(host + 1).toString(16)}`,
  ),
];
/** One of each other kind, so that no hook has an easy time for lack of rules. */
const NETWORKS = ['203.0.113.0/24', '2001:db8:1::/48'];

/** The file that work is done on; more than one read takes. */
const FREE_BYTES = 65_536;

interface MadeFiles {
  readonly directory: string;
  readonly free: string;
  readonly denied: readonly [OwnFile, ...OwnFile[]];
}

/** The files of the cost phase, and a policy of many rules that concerns none of the work. */
export class CostSubjects {
  readonly #run: CanaryRun;
  #made: MadeFiles | undefined;
  #hostFiles: DeniedFiles = new Map();
  #applied: AppliedPolicy | undefined;
  #wanted = 0;

  constructor(run: CanaryRun) {
    this.#run = run;
  }

  get made(): MadeFiles {
    if (this.#made === undefined) throw noEvidence('the files of the cost phase were not made');
    return this.#made;
  }

  /** The host's files by their paths, ours by their names, as a person reviews them. */
  names(): DeniedFiles {
    return new Map([...this.#hostFiles, ...ownNames(this.made.denied)]);
  }

  /** All rules by one policy before the first start: half on files, half on addresses. */
  async seedRules(): Promise<Judgement> {
    const { settings } = this.#run;
    plainFilesystem(settings.PROBE_DIR);
    const rules = await this.#run.rules();
    mustBeRestorable(this.#run, rules);
    this.#hostFiles = deniedFiles(rules.files, agentPaths(settings.HOST_ROOT).denyDatabase);
    const hostPaths = rules.files.flatMap(({ path }) => path ?? []);
    const { directory, denied } = this.#make(await this.#run.journal());
    const deny_ip = addresses(settings.COST_RULES - denied.length);
    const deny_path = [...hostPaths, ...denied.map(({ path }) => path)];
    const sections = { deny_path, deny_ip, deny_cidr: NETWORKS };
    const policy = ownInput(directory, 'cost.policy', policyOf(sections));
    this.#applied = await journalPolicy(this.#run, hostPaths);
    const applied = await this.#run.command('policy', 'apply', policy, '--reset');
    if (applied.exitCode !== 0) return fail(howItEnded(applied), { source: applied.command });
    const there = await this.#listed();
    const wanted = denied.length + deny_ip.length + NETWORKS.length;
    this.#wanted = wanted;
    const measured = { value: there, limit: wanted, unit: 'rules', source: applied.command };
    return there === wanted
      ? pass(`${wanted} rules of ours by one policy; none concerns what is timed`, measured)
      : fail(
          `\`policy apply\` exited with 0, but the agent lists ${there} of ${wanted} rules`,
          measured,
        );
  }

  /** @throws JudgementError (inconclusive) when a rule is gone: what is measured after that shows nothing. */
  async mustBeListed(after: string): Promise<void> {
    const [wanted, there] = [this.#wanted, await this.#listed()];
    if (there === wanted) return;
    throw noEvidence(
      `after ${after} the candidate lists ${there} of our ${wanted} rules, so nothing more can be measured; run without AEGIS_BIN_PREVIOUS`,
      { value: there, limit: wanted, unit: 'rules' },
    );
  }

  /** Removes every rule of ours, and shows that the lists have none of them. */
  async removeRules(): Promise<Judgement> {
    if (this.#applied === undefined) throw noEvidence('the rules were not made');
    const removed = await removePolicy(this.#run, this.#applied);
    if (removed.exitCode !== 0) return fail(howItEnded(removed), { source: removed.command });
    const left = await this.#listed();
    const measured = { value: left, limit: 0, unit: 'rules left', source: removed.command };
    return left === 0
      ? pass('every rule of ours is removed', measured)
      : fail(
          `\`policy apply\` exited with 0, but the agent still lists ${left} of our rules`,
          measured,
        );
  }

  #make(journal: Awaited<ReturnType<CanaryRun['journal']>>): MadeFiles {
    const { PROBE_DIR, COST_RULES } = this.#run.settings;
    const directory = ownDirectory(PROBE_DIR, journal);
    const free = ownInput(directory, 'free', Buffer.alloc(FREE_BYTES, 'free'));
    const first = ownFile(directory, 'denied');
    const more = Array.from({ length: Math.floor(COST_RULES / 2) - 1 }, (_, index) =>
      ownFile(directory, `denied-${index + 1}`),
    );
    this.#made = { directory, free, denied: [first, ...more] };
    return this.#made;
  }

  /** How many rules of ours the agent's lists have now. */
  async #listed(): Promise<number> {
    const { files, network } = await this.#run.rules();
    const ours = new Set([...addresses(this.#run.settings.COST_RULES), ...NETWORKS]);
    const entries = network.map((entry) => entry.replace(/^\w+: /, ''));
    return (
      this.made.denied.filter((file) => rulesOn(files, file).length > 0).length +
      entries.filter((entry) => ours.has(entry)).length
    );
  }
}
