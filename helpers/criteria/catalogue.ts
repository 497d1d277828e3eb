import { headroomRates } from '../settings/headroom-rates.ts';
import { PHASES, type Phase, type Settings } from '../settings/settings.ts';
import { THRESHOLDS, type Threshold, type ThresholdName } from '../settings/thresholds.ts';

/** What is known of a criterion besides its id. */
export interface Entry {
  /** The test's name: a sentence about what holds when it passes. */
  readonly title: string;
  /** Criteria, or whole sections, that must have passed before this one is worth trying; besides the section's own. */
  readonly needs?: readonly string[];
  /** An optional part: the knob that switches it on. */
  readonly knob?:
    | 'SOAK_OPERATIONS'
    | 'SOAK_NET_WORKLOAD'
    | 'HEADROOM'
    | 'CANDIDATE_POLICY'
    | 'DISPOSABLE_HOST'
    | 'COST_COMMAND'
    | 'WORKLOAD_COMMAND'
    | 'WORKLOAD_UNIT'
    | 'AEGIS_BIN_PREVIOUS'
    | 'COMPARE_WITH';
  /** Phases that it speaks about, one of which must be asked for; by default its section's, or all. */
  readonly phases?: readonly Phase[];
  /** How long the step itself may take, without the agent's commands; the default suits a few opens. */
  readonly timeoutSeconds?: number | ((settings: Settings) => number);
  /** It only sums up these sections, or their limits, so that it is never a cause. */
  readonly sums?: readonly Section[];
  /** The limit of the soak that it judges. */
  readonly threshold?: Threshold;
  /** It needs the host, so a finished run that is judged again keeps its verdict. */
  readonly ofHost?: true;
  /** What it is judged from does not depend on any file of ours. */
  readonly withoutFiles?: true;
  /** It is judged by what opens of ours meet, which shows nothing of an agent that died. */
  readonly byOpens?: true;
  /** A record for people, of less weight than what it is a record of. */
  readonly note?: true;
  /** What its routes show in a mode; reports have one line of a group for both modes. */
  readonly promise?: { readonly group: string; readonly mode: SoakMode; readonly text: string };
  /** Files of the run directory, or patterns of them, that it was judged from, the first one first. */
  readonly evidence?: readonly string[];
}

const withoutFiles = true as const;
const byOpens = true as const;
const note = true as const;
/** It tries dozens of things, each by commands or processes of its own. */
const slow = { timeoutSeconds: 900 } as const;

type Entries<Name extends string> = Readonly<Record<Name, Entry>>;

/** Entries that need one criterion more than they say. */
const needing = <Name extends string>(need: string, entries: Entries<Name>) =>
  Object.fromEntries(
    Object.entries<Entry>(entries).map(([name, entry]): [string, Entry] => [
      name,
      { ...entry, needs: [need, ...(entry.needs ?? [])] },
    ]),
  ) as Entries<Name>;

/** The entries of a phase, or of a part of it, by their ids. */
const inPhase = <Phase extends string, Name extends string>(phase: Phase, entries: Entries<Name>) =>
  Object.fromEntries(
    Object.entries<Entry>(entries).map(([name, entry]) => [`${phase}.${name}`, entry]),
  ) as Entries<`${Phase}.${Name}`>;

/** Of each limit of the soak, as its own value says it. */
const thresholds = Object.fromEntries(
  THRESHOLDS.map((threshold: Threshold) => {
    const { name, title, evidence } = threshold;
    const free = threshold.withoutFiles === true ? { withoutFiles } : {};
    return [name, { title, evidence, threshold, ...free }];
  }),
) as Entries<ThresholdName>;

/** Both phases with a soak share most of their criteria; what one of them tries besides stands in ENTRIES. */
type SoakMode = 'audit' | 'enforce';

/** From files without a rule to the first decision. */
const firstDecision = (mode: SoakMode) => ({
  'positive-control': { title: 'the probe files can be read before there is any rule' },
  'workload-before': {
    title: 'WORKLOAD_COMMAND works without the agent',
    knob: 'WORKLOAD_COMMAND' as const,
    withoutFiles,
  },
  'unit-before': {
    title: 'WORKLOAD_UNIT is active and healthy without the agent',
    knob: 'WORKLOAD_UNIT' as const,
    withoutFiles,
  },
  rules: {
    title: `the deny rules are seeded before the ${mode} start`,
    needs: [`${mode}.positive-control`],
  },
  ready: {
    title: `the agent starts in ${mode} mode and is ready`,
    needs: [`${mode}.rules`],
    withoutFiles,
  },
  decision: {
    title:
      mode === 'audit'
        ? 'an open of the denied file is allowed and recorded as AUDIT'
        : 'an open of the denied file is refused with EPERM, signalled and recorded',
    needs: [`${mode}.ready`],
    byOpens,
  },
});

/** All that follows needs an agent that is ready. */
const soakOf = (mode: SoakMode) =>
  needing(`${mode}.ready`, {
    'negative-control': { title: 'a file without a rule is read without a decision', byOpens },
    soak: {
      title: `the soak runs for DURATION_SECONDS in ${mode} mode`,
      timeoutSeconds: (settings: Settings) =>
        settings.DURATION_SECONDS + settings.SETTLE_SECONDS + 600,
      evidence: [
        ...['agent.stderr.log', 'soak.json', 'metrics-after.prom', 'samples.ndjson'].map(
          (name) => `${mode}/${name}`,
        ),
        'charts/open-latency.svg',
      ],
    },
  });

const ending = (mode: SoakMode) =>
  needing(`${mode}.ready`, {
    release: { title: 'the probe file is free after its rule is removed' },
    stop: { title: 'the agent stops on SIGINT with exit code 0', withoutFiles },
  });

const limits = (mode: SoakMode) =>
  needing(`${mode}.ready`, {
    alive: {
      title: 'the agent ran through the soak: no death, no restart, no second instance',
      withoutFiles,
    },
    samples: { title: 'the metrics could be read throughout the soak', withoutFiles },
    ...thresholds,
  });

const accounts = (mode: SoakMode) =>
  needing(`${mode}.ready`, {
    actions: {
      title: `every event says ${mode === 'audit' ? 'AUDIT' : 'the action of ENFORCE_SIGNAL'} and can be read`,
    },
    accounting: { title: 'every open is accounted for: opens = decisions = event lines + drops' },
    'event-fields': { title: 'every event line of our own work is correct, field by field' },
    counters: {
      title:
        'every counter agrees with our own count: on the command line, at the endpoint and in stats',
    },
    operations: {
      title: `other routes to a denied file are ${mode === 'audit' ? 'recorded' : 'refused'} all through the soak, each accounted for`,
      knob: 'SOAK_OPERATIONS',
    },
    network: {
      title: `calls on a denied port are ${mode === 'audit' ? 'recorded' : 'refused'} all through the soak, each accounted for`,
      knob: 'SOAK_NET_WORKLOAD',
      withoutFiles,
    },
    'state-changes': { title: 'the agent reported no degradation and no error', withoutFiles },
  });

/** When no agent runs any more. */
const workload = (mode: SoakMode) => ({
  title: `WORKLOAD_COMMAND works beside the agent in ${mode} mode as it does without it`,
  needs: [`${mode}.ready`, `${mode}.workload-before`],
  knob: 'WORKLOAD_COMMAND' as const,
  withoutFiles,
  evidence: [`${mode}/workload.log`],
});

const unit = (mode: SoakMode) => ({
  title: `WORKLOAD_UNIT stays active and healthy beside the agent in ${mode} mode as it does without it`,
  needs: [`${mode}.ready`, `${mode}.unit-before`],
  knob: 'WORKLOAD_UNIT' as const,
  withoutFiles,
  evidence: [`${mode}/unit.log`],
});

/** What the agent decided on others, for a person to judge. */
const reviewNotes = (need: string, title: string) => ({
  title,
  needs: [need],
  note,
  withoutFiles,
});

/** The routes of the coverage phase once more, with an option of `run`. */
const byOption = (name: string, title: string) => ({
  title,
  needs: ['coverage.enforce.ready'],
  byOpens,
  ...slow,
  evidence: [`coverage/${name}/routes.json`, `coverage/${name}/agent.stderr.log`],
});

/** What the agent's own format tells wrong is wrong in every other, and is reported there. */
const byFormat = (name: 'ocsf' | 'cef') => ({
  title: `with --event-format=${name} each decision has one line, which tells what the agent's own format tells`,
  needs: ['coverage.audit.event-fields', 'coverage.enforce.event-fields'],
  byOpens,
  ...slow,
  evidence: [`event-format-${name}`, `event-format-${name}-audit`].flatMap((place) =>
    ['routes.json', 'agent.stdout.log', 'agent.stderr.log'].map(
      (file) => `coverage/${place}/${file}`,
    ),
  ),
});

/** What the coverage phase tries in each mode. */
const coverageIn = (mode: SoakMode) => {
  const met = mode === 'audit' ? 'passes and is recorded' : 'is refused and recorded';
  const tried = (title: string) => ({
    title,
    byOpens,
    ...slow,
    evidence: [`coverage/${mode}/table.json`],
  });
  const promised = (group: string, what: string, more = '') => ({
    ...tried(`${what} in ${mode} mode${more}`),
    promise: { group, mode, text: `${what}${more}` },
  });
  return {
    ready: {
      title: `the agent starts in ${mode} mode without a signal and is ready`,
      needs: ['coverage.rules'],
    },
    ...needing(`coverage.${mode}.ready`, {
      'open-modes': promised('open-modes', `every way to open a denied file ${met}`),
      aliases: promised('aliases', `every other name and handle of a denied file ${met}`),
      exec: promised(
        'exec',
        `every way to start or map a denied file, or a program of a denied name, ${met}`,
      ),
      kinds: promised(
        'kinds',
        `a denied file ${met}`,
        ' whatever kind of process opens or starts it',
      ),
      truncate: promised('truncate', `truncate(2) of a denied file ${met}`),
      controls: promised(
        'controls',
        'what the agent documents as not covered stays open, without a decision',
      ),
      'near-misses': promised(
        'near-misses',
        'files and names that resemble a denied one are free without a decision',
      ),
      'overlay-truncate': promised(
        'overlay-truncate',
        `O_TRUNC of a denied file through an overlay ${met}`,
      ),
      network: promised(
        'network',
        `every call on a socket that a denied address or port concerns ${met}`,
      ),
      'network-near-misses': promised(
        'network-near-misses',
        'the next address and port are free without a decision',
      ),
      mapped: promised('mapped', `a connect to a denied IPv4 address in its IPv6 form ${met}`),
      unspec: promised(
        'unspec',
        `a send to a denied IPv4 address, or a bind to a denied port, that names no address family ${met}`,
      ),
      'short-address': promised(
        'short-address',
        `a send to a denied IPv6 address in its short form ${met}`,
      ),
      'misnamed-send': promised(
        'misnamed-send',
        `a send over a TCP connection to a denied address that names another address ${met}`,
      ),
      'far-name': promised(
        'far-name',
        `a program of a denied name behind a path of many characters ${met}`,
      ),
      'accepted-peers': promised(
        'accepted-peers',
        `accepting a connection from a denied address ${met}`,
      ),
      exemptions: promised(
        'exemptions',
        'processes in an allowed cgroup are exempt',
        ', and no others',
      ),
      survival: promised(
        'survival',
        'a rule on a running program of the survival list denies nothing',
        ', and one on its copy does',
      ),
      'by-number': promised(
        'by-number',
        `a file denied by its inode number ${met}, and the same number on another device is free`,
      ),
      protected: promised('protected', `a protected file ${met}`),
      'cgroup-rules': promised(
        'cgroup-rules',
        `what is denied to one cgroup ${met} there, and is free in another`,
      ),
      'by-content': promised(
        'by-content',
        `a file denied by the hash of its content ${met}, and a copy that differs is free`,
      ),
      'copy-up': promised(
        'copy-up',
        `a file denied by its number in an overlay ${met} when it is opened or copied up`,
      ),
      accounting: tried(`event lines and counters of all routes agree in ${mode} mode`),
      'event-fields': tried(
        `every event line of a denied route names the right attempt and process in ${mode} mode`,
      ),
      listeners: {
        title: `the agent in ${mode} mode listens only where it was asked to`,
        withoutFiles,
      },
      owners: {
        title: `files, pins and sockets of the agent in ${mode} mode are closed to others`,
        withoutFiles,
      },
      gauges: {
        title: `the gauges that alerts rest on tell what is so in ${mode} mode`,
        withoutFiles,
        ...slow,
      },
    }),
  };
};

const coverageStop = (mode: SoakMode) =>
  needing(`coverage.${mode}.ready`, {
    stop: { title: `the agent stops on SIGTERM with exit code 0 after ${mode} mode` },
  });

/** Programs with a rule that are started one after the other, and what changes rules meanwhile. */
const whileAuditing = needing('coverage.audit.ready', {
  'exec-events': {
    title: 'each start of a program has its exec line and its exec_argv line',
    byOpens,
    ...slow,
    evidence: ['coverage/audit/program-starts.json'],
  },
  'exec-memory': {
    title: 'the agent keeps no memory of programs that have ended',
    withoutFiles,
    ...slow,
    evidence: ['coverage/audit/program-starts.json'],
  },
  'mode-kept': {
    title: 'an agent that audits goes on auditing behind a policy apply and a rule by a command',
    byOpens,
    ...slow,
    evidence: ['coverage/audit/mode-kept.json'],
  },
});

/** A policy of production size, and what else is asked of the agent while it enforces. */
const whileEnforcing = needing('coverage.enforce.ready', {
  'operator-commands': {
    title: '`policy validate`, `policy export` and `network stats` tell what is in force',
    evidence: ['coverage/enforce/exported.policy'],
  },
  commands: {
    title: 'a rule that a command takes away is gone, and one that a command adds is in force',
    ...slow,
  },
  'silent-client': {
    title:
      'a client that says nothing keeps the metrics from nobody, and one that goes before its answer ends nothing',
    withoutFiles,
    ...slow,
  },
  'rename-race': {
    title: 'while a denied and a free file keep changing places, only the denied one is refused',
    byOpens,
    ...slow,
    evidence: ['coverage/enforce/rename-race.json'],
  },
  tables: {
    title:
      'no table of the agent keeps what has ended, forgets a process that lives, or is smaller than it is said to be',
    withoutFiles,
    ...slow,
    evidence: ['coverage/enforce/agent-tables.json'],
  },
  'verified-program': {
    title:
      'a verified program reads what is protected, and one that lacks anything for that does not',
    byOpens,
    ...slow,
    evidence: ['coverage/enforce/verified-program.json'],
  },
  'survival-list': {
    title: 'programs that no rule may deny are on the survival list',
    withoutFiles,
    ...slow,
  },
  'added-rules': {
    title:
      'a policy without --reset brings its rules, keeps the earlier ones and sets no counter back',
    byOpens,
    ...slow,
    evidence: ['commands.ndjson'],
  },
  'many-rules': {
    title: 'the first, middle and last rule of a large policy are in force',
    byOpens,
    ...slow,
  },
  'many-rules-rollback': {
    title: 'the rules of the large policy are in force again after a rollback to it',
    byOpens,
    needs: ['coverage.enforce.many-rules'],
    ...slow,
  },
  'many-rules-times': {
    title: 'an open takes no longer with many rules than with few, within the limit',
    byOpens,
    needs: ['coverage.enforce.many-rules-rollback'],
    evidence: ['coverage/enforce/decision-times.json'],
  },
  'lone-rules': {
    title: 'a rule of each kind is in force where it is the only one',
    ...slow,
  },
  'candidate-policy': {
    title: 'the rules of CANDIDATE_POLICY that are tried deny what they name',
    byOpens,
    knob: 'CANDIDATE_POLICY',
    ...slow,
    evidence: ['coverage/enforce/candidate-policy.json'],
  },
  'kill-switch': {
    title:
      'the kill switch stops denials of every kind, also behind a policy apply, and they return when it is ended',
    byOpens,
    ...slow,
    evidence: ['coverage/enforce/kill-switch.json'],
  },
});

/** Of rules that deny something to every process of the host. */
const onHost = (title: string) => ({
  title,
  knob: 'DISPOSABLE_HOST' as const,
  ...slow,
  evidence: ['coverage/host-rules.json'],
});
const hostRules = {
  'coverage.host-ptrace': onHost('reaching into another process is denied to the whole host'),
  'coverage.host-modules': onHost('loading a kernel module is denied to the whole host'),
  'coverage.host-bpf': onHost('loading BPF programs is denied to the whole host'),
  'coverage.host-connect': onHost('connecting is denied to the whole host'),
  'coverage.host-exec': onHost(
    'programs that are not on a list cannot be started on the whole host',
  ),
  'coverage.host-rules-gone': onHost('the rules for the whole host are gone again'),
};

/** What the cost phase times, in words. */
const eachPiece = <T>(timed: (what: string) => T) => ({
  open: timed('opening a file'),
  stat: timed('stat of a file'),
  read: timed('reading an open file'),
  fork: timed('making a process'),
  exec: timed('starting a program'),
  'tcp-connect': timed('connecting by TCP'),
  'udp-connect': timed('connecting by UDP'),
});

/** What the host pays with the agent in a mode. */
const costIn = (mode: SoakMode) => {
  const timed = (what: string) => ({
    title: `${what} takes no longer with the agent in ${mode} mode than without it, within the limit`,
    evidence: ['cost/ratios.json', 'cost/blocks.ndjson', 'charts/cost.svg'],
  });
  return needing('cost.blocks', {
    ...eachPiece(timed),
    command: { ...timed('COST_COMMAND'), knob: 'COST_COMMAND' as const },
  });
};

/** Each block and short soak, each start and stop of the agent, and the operator's command; the previous version has as many, and both a life more. */
function costSeconds({ COST_BLOCKS, COST_BLOCK_MS, COST_COMMAND, ...settings }: Settings): number {
  const [kinds, lives] = settings.AEGIS_BIN_PREVIOUS === undefined ? [4, 2] : [8, 5];
  const each = COST_BLOCK_MS / 1000 + (COST_COMMAND === undefined ? 10 : 610);
  const life = settings.READY_TIMEOUT_SECONDS + 60;
  return 300 + (kinds * COST_BLOCKS + 1) * each + lives * COST_BLOCKS * life;
}

const ofPrevious = { knob: 'AEGIS_BIN_PREVIOUS', phases: ['cost'] } as const;

/** The candidate against the version that production runs. */
const againstPrevious = () => {
  const compared = (title: string) => ({
    ...{ title, ...ofPrevious, needs: ['previous.blocks'] },
    evidence: ['cost/previous.json', 'cost/blocks.ndjson'],
  });
  const timed = (what: string) =>
    compared(`${what} takes no longer than with the previous version, within the limit`);
  const own = (what: string) => compared(`${what} than the previous version, within the limit`);
  return {
    blocks: {
      title: 'the work is timed beside the previous version as well',
      ...ofPrevious,
      needs: ['cost.blocks'],
      evidence: ['cost/previous.json', 'cost/blocks.ndjson', 'cost/*-previous*/agent.stderr.log'],
    },
    ...eachPiece(timed),
    command: timed('COST_COMMAND'),
    cpu: own('the agent uses no more CPU beside the work'),
    memory: own('the agent holds no more memory after the work and a short soak'),
    locked: own('the agent locks no more memory, its BPF maps included,'),
    start: own('the agent takes no longer to be ready'),
    stop: own('the agent takes no longer to stop'),
    gap: own('enforcement is gone no longer while the agent stops and starts'),
    crash: own('enforcement is gone no longer when the agent is killed and starts again'),
    decisions: compared(
      'decisions in a short soak take no longer than with the previous version, within the limit',
    ),
    drops: compared(
      'no more decisions of a short soak are dropped or not told than with the previous version, within the limit',
    ),
    'decision-cpu': compared(
      "a decision takes no more of the agent's CPU than with the previous version, within the limit",
    ),
    'object-size': own('the BPF object is no larger'),
    features: compared('the candidate promises all that the previous version does'),
  };
};

/** An exit criterion that sums up phases. */
const sumOf = (phases: readonly Phase[], title: string, ...evidence: readonly string[]): Entry => ({
  ...{ title, needs: ['preconditions'], phases, sums: phases },
  evidence: ['canary.log', ...evidence],
});

/** Every criterion of the runbook, in its order. One that has no record is missing evidence, and not a pass. */
const ENTRIES = {
  'preconditions.mirrors-production': {
    title: 'the staging host mirrors production kernel, cgroup, bpffs and systemd settings',
  },
  'preconditions.bpf-lsm': { title: 'BPF LSM is enabled' },
  'preconditions.kernel-filesystems': { title: 'cgroup v2, bpffs and kernel BTF are there' },
  'preconditions.candidate-binary': { title: 'the candidate binary is built and available' },
  'preconditions.candidate-version': {
    title: 'the candidate reports its version',
    needs: ['preconditions.candidate-binary'],
  },
  'preconditions.no-service': { title: 'no system service instance is running' },
  'preconditions.no-other-instance': { title: 'no other aegisbpf process is running' },
  'preconditions.no-break-glass': { title: 'no break-glass override is set' },
  'preconditions.probe-filesystem': { title: 'probe files can be made on a plain filesystem' },
  'preflight.health': {
    title: 'the kernel can run the candidate: health is ok and the capability is Full',
    withoutFiles,
  },
  ...needing('preflight.health', {
    'preflight.emergency': { title: 'no emergency-disable bypasses enforcement' },
    'preflight.rules': { title: 'the rules already on this host are known' },
  }),
  ...inPhase('audit', firstDecision('audit')),
  ...inPhase('audit', soakOf('audit')),
  ...inPhase('audit', ending('audit')),
  ...inPhase('audit', limits('audit')),
  'audit.nothing-denied': {
    title: 'nothing was denied and nothing was terminated',
    needs: ['audit.ready'],
  },
  ...inPhase('audit', accounts('audit')),
  'audit.workload': workload('audit'),
  'audit.unit': unit('audit'),
  'audit.review-notes': reviewNotes('audit.ready', 'the false-positive review notes are written'),
  ...inPhase('enforce', firstDecision('enforce')),
  'enforce.ordinary-program': {
    title: 'an ordinary program that opens the denied file is ended by ENFORCE_SIGNAL',
    needs: ['enforce.ready'],
    byOpens,
  },
  ...inPhase('enforce', soakOf('enforce')),
  'enforce.headroom': {
    title: 'the highest rate of decisions without a drop is known',
    // All its steps, each with two scrapes, and the way to the end.
    timeoutSeconds: (settings: Settings) =>
      300 +
      headroomRates(settings).length *
        (settings.HEADROOM_STEP_SECONDS + 2 * settings.COMMAND_TIMEOUT_SECONDS),
    needs: ['enforce.soak'],
    knob: 'HEADROOM',
    withoutFiles,
  },
  ...inPhase('enforce', ending('enforce')),
  'enforce.after-stop': {
    title: 'the soak file is free while no agent runs',
    needs: ['enforce.stop'],
  },
  ...inPhase('enforce', limits('enforce')),
  ...needing('enforce.ready', {
    'enforce.no-missed-denial': { title: 'no open of the denied file went through' },
    'enforce.signals': { title: 'as many signals arrived as opens were denied' },
  }),
  ...inPhase('enforce', accounts('enforce')),
  'enforce.restart': {
    title: 'an orderly restart under load: enforcement returns after one measured gap',
    needs: ['enforce.decision', 'enforce.stop'],
  },
  'enforce.crash': {
    title: 'after a SIGKILL under load, rules and counters survive and enforcement returns',
    needs: ['enforce.restart'],
  },
  'enforce.workload': workload('enforce'),
  'enforce.unit': unit('enforce'),
  'enforce.review-notes': reviewNotes('enforce.ready', 'the blocked-event review is written'),
  ...inPhase('coverage', {
    control: { title: 'the routes work while there is no rule', ...slow },
    rules: {
      title: 'the rules on files, addresses, ports and cgroups are made before the agent starts',
      needs: ['coverage.control'],
      ...slow,
    },
    listed: {
      title: 'the agent lists each of these rules',
      needs: ['coverage.rules'],
      withoutFiles,
      ...slow,
    },
  }),
  ...inPhase('coverage.audit', coverageIn('audit')),
  ...inPhase('coverage.audit', whileAuditing),
  ...inPhase('coverage.audit', coverageStop('audit')),
  'coverage.break-glass': {
    title: 'an enforcing start under break-glass denies nothing and records it as AUDIT',
    needs: ['coverage.audit.ready'],
    ...slow,
    evidence: ['coverage/break-glass/agent.stderr.log', 'coverage/break-glass/agent.stdout.ndjson'],
  },
  'coverage.full-ring': {
    title: 'denials hold while nobody reads the event lines and the ring is full',
    needs: ['coverage.audit.ready'],
    ...slow,
    byOpens,
    evidence: ['coverage/full-ring/full-ring.json', 'coverage/full-ring/agent.stderr.log'],
  },
  ...inPhase('coverage.enforce', coverageIn('enforce')),
  ...inPhase('coverage.enforce', whileEnforcing),
  ...inPhase('coverage.enforce', coverageStop('enforce')),
  'coverage.previous': {
    title: 'no route is worse with the candidate than with the previous version',
    knob: 'AEGIS_BIN_PREVIOUS',
    needs: ['coverage.enforce.ready'],
    ...slow,
    evidence: ['coverage/previous.json', 'coverage/enforce/table.json'],
  },
  'coverage.unit': {
    title:
      'under the limits of its systemd unit the agent denies and tells what it does without them',
    needs: ['coverage.enforce.ready'],
    byOpens,
    ...slow,
    evidence: [
      ...['coverage/unit/limits.txt', 'coverage/unit/routes.json'],
      'coverage/unit/agent.stderr.log',
    ],
  },
  'coverage.unit-start': {
    title:
      'by the text of its systemd unit the agent enforces, has its policy and is started again',
    evidence: ['coverage/unit-start.json'],
  },
  'coverage.sampled': byOption(
    'sampled',
    'denials hold, and are counted, while nearly all event lines are left out by --event-sample-rate',
  ),
  'coverage.lsm-hook-inode': byOption(
    'lsm-hook-inode',
    'with --lsm-hook=inode what was denied and what was free is so still',
  ),
  'coverage.lsm-hook-both': byOption(
    'lsm-hook-both',
    'with --lsm-hook=both what was denied and what was free is so still',
  ),
  'coverage.event-format-ocsf': byFormat('ocsf'),
  'coverage.event-format-cef': byFormat('cef'),
  'coverage.many-rules-start': {
    title: 'with a large policy in force the agent is ready within MAX_READY_MS, and enforces it',
    needs: ['coverage.enforce.many-rules'],
    byOpens,
    ...slow,
    evidence: [
      'coverage/many-rules-start/agent.stderr.log',
      'coverage/many-rules-start/agent.stdout.ndjson',
    ],
  },
  'coverage.removed': {
    title: 'the rules of the coverage phase are removed',
    needs: ['coverage.rules'],
    ...slow,
  },
  'coverage.nothing-left': {
    title: 'what rules denied is free once they are removed, while the agent enforces',
    needs: ['coverage.enforce.ready', 'coverage.removed'],
    byOpens,
    ...slow,
    evidence: ['coverage/nothing-left/routes.json', 'coverage/nothing-left/agent.stderr.log'],
  },
  'coverage.later-rules': {
    title: 'an agent that was started without a rule enforces those that come later',
    needs: ['coverage.enforce.ready', 'coverage.removed'],
    byOpens,
    ...slow,
    evidence: ['coverage/later-rules/agent.stderr.log'],
  },
  'coverage.control-socket': {
    title:
      'a rule that is asked for on the control socket is in force at once, and one with a time ends by itself, whatever its file is called by then, and no other rule with it; no client keeps it from others',
    needs: ['coverage.enforce.ready', 'coverage.removed'],
    byOpens,
    ...slow,
    evidence: [
      'coverage/control-socket/requests.json',
      'coverage/control-socket/agent.stderr.log',
      'coverage/control-socket-again/agent.stderr.log',
    ],
  },
  'coverage.upgrade': {
    title:
      'the rules that the previous version made are in force once the candidate takes its place',
    knob: 'AEGIS_BIN_PREVIOUS',
    needs: ['coverage.enforce.ready', 'coverage.removed'],
    byOpens,
    ...slow,
    evidence: ['coverage/upgrade/routes.json', 'coverage/upgrade/agent.stderr.log'],
  },
  'coverage.object': {
    title: 'a changed BPF object, and one without its hash, are refused',
    ...slow,
    evidence: ['coverage/object-*/agent.stderr.log'],
  },
  ...needing('coverage.removed', hostRules),
  'coverage.review-notes': reviewNotes(
    'coverage.audit.ready',
    'decisions on others while the routes were taken are written for review',
  ),
  'coverage.alive': {
    title: 'the agent ran through the coverage phase: no life ended before it was told to stop',
    needs: ['coverage.control'],
    withoutFiles,
    evidence: ['coverage/*/agent.stderr.log'],
  },
  ...inPhase('cost', {
    rules: { title: 'many rules are in place before the cost is measured', ...slow },
    blocks: {
      title: 'the same work is done in turn with the agent and without it',
      needs: ['cost.rules'],
      timeoutSeconds: costSeconds,
      evidence: ['cost/blocks.ndjson', 'cost/ratios.json', 'cost/*/agent.stderr.log'],
    },
  }),
  ...inPhase('cost.audit', costIn('audit')),
  ...inPhase('cost.enforce', costIn('enforce')),
  'cost.removed': {
    title: 'the rules of the cost phase are removed',
    needs: ['cost.rules'],
    ...slow,
  },
  'cost.review-notes': reviewNotes(
    'cost.blocks',
    'decisions on others while the work was timed are written for review',
  ),
  ...inPhase('previous', againstPrevious()),
  'rollback.restorable': { title: 'every rule on this host can be restored' },
  'rollback.baseline': {
    title: 'the baseline policy is applied and enforced',
    needs: ['rollback.restorable'],
    byOpens,
  },
  'rollback.candidate': {
    title: 'the candidate policy is applied and enforced',
    needs: ['rollback.baseline'],
    byOpens,
  },
  'rollback.controlled-failure': {
    title: 'the controlled failure is triggered: a service cannot read what it needs',
    needs: ['rollback.candidate'],
    evidence: ['rollback/agent.stderr.log'],
    byOpens,
  },
  'rollback.rolled-back': {
    title: 'the rollback restores the baseline and the service works again',
    needs: ['rollback.controlled-failure'],
    byOpens,
  },
  'rollback.record': {
    title: 'the recorded policy agrees with the rules after the rollback',
    needs: ['rollback.rolled-back'],
    note,
  },
  ...needing('rollback.baseline', {
    'rollback.health': {
      title: 'aegisbpf health is good after the rollback and captured',
      evidence: ['rollback/health.json'],
      withoutFiles,
      byOpens,
    },
    'rollback.metrics': {
      title:
        'aegisbpf metrics are captured after the rollback, in each way that production reads them',
      note,
      evidence: [
        ...['rollback/metrics.prom', 'rollback/metrics-endpoint.prom'],
        'rollback/metrics-file.prom',
      ],
      withoutFiles,
    },
  }),
  'rollback.second-rollback': {
    title: 'a second rollback brings the candidate policy back',
    needs: ['rollback.rolled-back'],
    byOpens,
  },
  'rollback.later-apply': {
    title: 'a later apply of the baseline is enforced and recorded, and a dry run changes nothing',
    needs: ['rollback.baseline'],
    byOpens,
  },
  ...needing('rollback.later-apply', {
    'rollback.refused': { title: 'policies that are broken are refused', ...slow },
    'rollback.refused-rules': {
      title: 'a refused policy changes no rule and pauses no enforcement',
      byOpens,
    },
    'rollback.refused-counters': { title: 'a refused policy resets no counter' },
    'rollback.signed-change': {
      title: 'a signed policy that lacks a rule of the one before it takes that rule away',
      byOpens,
    },
    'rollback.rule-twice': {
      title: 'a policy with one rule in two spellings is taken, or refused without harm',
      byOpens,
    },
    'rollback.rule-twice-after-rollback': {
      title:
        'after a rollback a policy with one rule in two spellings is taken, or refused without harm',
      needs: ['rollback.rolled-back'],
      byOpens,
    },
    'rollback.applies-together': {
      title: 'two policy applies at once leave one complete policy in force',
      ...slow,
      byOpens,
    },
    'rollback.apply-killed': {
      title: 'killing policy apply half-way leaves one complete policy in force',
      ...slow,
      byOpens,
    },
    'rollback.apply-pause': {
      title: 'enforcement pauses for no longer than MAX_APPLY_PAUSE_MS while a policy is applied',
      evidence: ['rollback/apply-killed.json'],
      byOpens,
    },
    'rollback.kill-switch': { title: 'the kill switch stops denials and audit goes on', byOpens },
  }),
  'rollback.kill-switch-restart': {
    title: 'the kill switch survives a restart of the agent',
    needs: ['rollback.kill-switch'],
    byOpens,
  },
  'rollback.kill-switch-ended': {
    title: 'after the kill switch is ended denials return',
    needs: ['rollback.later-apply'],
    byOpens,
  },
  'rollback.kill-switch-record': {
    title: 'the agent keeps who used the kill switch, when and why',
    needs: ['rollback.later-apply'],
    withoutFiles,
    evidence: ['rollback/control-log.ndjson'],
  },
  ...needing(
    'rollback.later-apply',
    needing('rollback.kill-switch-ended', {
      'rollback.kill-switch-in-apply': {
        title: 'the kill switch that is used while a policy is applied stays in force',
        // One that does nothing elsewhere says nothing of an apply.
        needs: ['rollback.kill-switch'],
        evidence: ['rollback/kill-switch-in-apply.json'],
        ...slow,
        byOpens,
      },
      'rollback.deadman': {
        title:
          'an agent that hangs longer than --deadman-ttl stops denying, and denies again when it wakes',
        byOpens,
      },
      'rollback.strict-degrade': {
        title: 'with --strict-degrade the agent ends when it cannot enforce',
      },
      'rollback.enforce-gate': {
        title: 'an agent that is told to enforce ends where the kernel has no BPF LSM',
        evidence: ['rollback/gate-*/agent.stderr.log', 'rollback/health-without-lsm.json'],
      },
      'rollback.downgrade': {
        title: "the previous version and the candidate take over each other's rules",
        byOpens,
      },
      'rollback.supervision': { title: 'systemd starts a killed agent again, and it enforces' },
    }),
  ),
  'rollback.told-in-time': {
    title: 'a denial on a quiet host is told by itself, by an agent that systemd started',
    needs: ['rollback.supervision'],
    evidence: ['rollback/supervision/agent.stdout.ndjson'],
  },
  'rollback.host-service': { title: "the host's own service is exactly as before", withoutFiles },
  ...needing('rollback.baseline', {
    'rollback.removed': { title: "the drill's rules are removed and the agent stops", byOpens },
    'rollback.event-fields': {
      title: "every event line of the drill's own opens is correct, field by field",
      evidence: ['rollback/**/agent.stdout.ndjson'],
    },
  }),
  'rollback.review-notes': reviewNotes(
    'rollback.baseline',
    'decisions on others in the drill are written for review',
  ),
  'rollback.alive': {
    title: 'the agent ran through the drill: no life ended before it was told to stop',
    needs: ['rollback.restorable'],
    withoutFiles,
    evidence: ['rollback/agent.stderr.log'],
  },
  'rollback.as-found': {
    title: 'rules, policy files, emergency state and pins are as before the drill',
    needs: ['rollback.removed'],
  },
  'exit.preconditions': {
    title: 'every precondition held',
    sums: ['preconditions', 'preflight'],
    evidence: ['canary.log'],
  },
  'exit.audit': sumOf(['audit'], 'the audit phase passed'),
  'exit.enforce': sumOf(['enforce'], 'the enforce phase passed'),
  'exit.coverage': sumOf(['coverage'], 'every route that a rule concerns is covered'),
  'exit.cost': sumOf(
    ['cost'],
    'what the agent costs the host is within the limits',
    'charts/cost.svg',
  ),
  'exit.previous': {
    title: 'the candidate is no worse than what production runs',
    // And coverage.previous.
    ...{ knob: ofPrevious.knob, phases: ['coverage', 'cost'] },
    ...{ needs: ['preconditions'], sums: ['previous'] },
    evidence: ['canary.log', 'cost/previous.json', 'coverage/previous.json'],
  },
  'exit.thresholds': sumOf(
    ['audit', 'enforce'],
    'the soak stayed within every limit',
    ...new Set(THRESHOLDS.flatMap((one) => one.evidence)),
  ),
  'exit.false-positives': {
    title: 'all critical false positives are resolved',
    // Without a phase there is no decision to review.
    phases: PHASES,
    needs: ['preconditions'],
    evidence: ['canary.log', 'review.csv', 'review.yaml'],
  },
  'exit.rollback': sumOf(['rollback'], 'the rollback drill is validated'),
  'exit.earlier-runs': {
    title: 'no figure is worse than in the earlier runs, within COMPARE_MAX_RATIO',
    knob: 'COMPARE_WITH',
    phases: PHASES,
    needs: ['preconditions'],
    // Every file of each of them is hashed.
    ...slow,
    evidence: ['earlier-runs.json', 'charts/earlier-runs.svg'],
  },
  'exit.same-candidate': {
    title: 'the candidate is the same binary from start to end',
    needs: ['preconditions'],
    ofHost: true,
    evidence: ['canary.log'],
  },
  'exit.kernel-log': {
    title: 'the kernel logged no defect since the run began',
    ofHost: true,
    evidence: ['kernel.log'],
  },
  'exit.host-as-found': {
    title: 'the host is as it was found',
    ofHost: true,
    evidence: ['canary.log', 'undo.json'],
  },
} as const satisfies Entries<string>;

/** The runbook's sections, in its order, with what all criteria of one need. */
export const SECTIONS = {
  preconditions: { title: 'Preconditions', needs: [] },
  preflight: { title: 'Preflight', needs: ['preconditions'] },
  audit: { title: 'Phase 1: audit canary', needs: ['preconditions', 'preflight'] },
  enforce: { title: 'Phase 2: enforce canary', needs: ['preconditions', 'preflight'] },
  coverage: { title: 'Phase 3: coverage of routes', needs: ['preconditions', 'preflight'] },
  cost: { title: 'Phase 4: what the host pays', needs: ['preconditions', 'preflight'] },
  previous: { title: 'Against the previous version', needs: ['preconditions', 'preflight'] },
  rollback: { title: 'Rollback drill', needs: ['preconditions', 'preflight'] },
  exit: { title: 'Exit criteria', needs: [] },
} as const;

export type CriterionId = keyof typeof ENTRIES;
export type Section = keyof typeof SECTIONS;

/** A criterion, of the runbook or of somebody's own. */
export interface CriterionEntry extends Entry {
  readonly id: string;
  /** What stands before the first dot of the id. */
  readonly section: string;
}

/** A criterion of the runbook as all of the suite knows it: specs, roll-ups and reports read this and nothing else. */
export interface CatalogueEntry extends CriterionEntry {
  readonly id: CriterionId;
  readonly section: Section;
}

export function sectionOf(id: CriterionId): Section {
  return id.slice(0, id.indexOf('.')) as Section;
}

/** The runbook in its order. */
export const CATALOGUE: readonly CatalogueEntry[] = (Object.keys(ENTRIES) as CriterionId[]).map(
  (id) => ({ id, section: sectionOf(id), ...ENTRIES[id] }),
);

/** Criteria of workloads by code: how many there are, and of what names, their team decides. */
export const WORKLOAD_SECTION = 'workload';

/** Ids that do not follow the runbook's pattern belong to a section of their own. */
export const sectionNameOf = (id: string): string => id.split('.', 1)[0] ?? '';

const byId: ReadonlyMap<string, CatalogueEntry> = new Map(
  CATALOGUE.map((entry) => [entry.id, entry]),
);

/** What the catalogue knows of an id; undefined for a criterion that is not of the runbook. */
export function entryOf(id: CriterionId): CatalogueEntry;
export function entryOf(id: string): CatalogueEntry | undefined;
export function entryOf(id: string): CatalogueEntry | undefined {
  return byId.get(id);
}

/** The criteria of a section, in order. */
export const criteriaIn = (section: string): readonly CatalogueEntry[] =>
  CATALOGUE.filter((entry) => entry.section === section);

/** What all criteria of a section need; nothing where the runbook does not know it. */
export const sectionNeeds = (section: string): readonly string[] =>
  section in SECTIONS ? SECTIONS[section as Section].needs : [];

/** A section's title; its own name where the runbook does not know it. */
export const sectionTitle = (section: string): string =>
  section in SECTIONS ? SECTIONS[section as Section].title : section;
