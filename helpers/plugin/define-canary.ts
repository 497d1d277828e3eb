/** `aegisbpf-canary/config`: vitest's configuration of the canary, with a team's own specs beside the runbook's. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { judgingCopy, runName } from '../evidence/run-directory.ts';
import { COMPILE_CACHE } from '../files/compile-cache.mjs';
import { RUNTIME_DIRECTORY } from '../files/private-directory.ts';
import { enter } from '../run/door.ts';
import {
  heldToTheRunbook,
  type OwnReporter,
  onlyListed,
  RunbookOrder,
} from '../run/runbook-plugin.ts';
import { thePlan } from '../run/told-plan.ts';
import type { KnobsByCode, KnobValues } from '../settings/configuration.ts';
import type { OwnWorkload } from '../workload/own-workload.ts';
import { namedWorkloads } from './named-workloads.ts';
import { type OwnSpecs, specsInOrder } from './specs-in-order.ts';

export type { KnobValues, OwnSpecs };

/** What production gives to the agent, where neither the environment nor the configuration file says it. */
export interface OwnAgent {
  /** AGENT_OPTIONS. */
  readonly runArguments?: readonly string[];
  /** AGENT_ENVIRONMENT: variables by their names. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** What a team adds to the runbook. */
export interface CanaryOptions {
  /** Where the patterns of `specs` begin, and where vitest counts paths from; the working directory where absent. */
  readonly root?: string;
  readonly specs?: readonly OwnSpecs[];
  /** Work that must go on beside the agent, each as `workload()` of `aegisbpf-canary/workload` gives it. */
  readonly workloads?: readonly OwnWorkload[];
  /** Reporters of vitest's besides those of the evidence, by path or by name, each alone or with its options. */
  readonly reporters?: readonly (string | OwnReporter)[];
  /** What production gives to the agent. */
  readonly agent?: OwnAgent;
  /** Knobs of classes of hosts, by their names, as `profiles` of canary.config.yaml has them. PROFILE chooses one. */
  readonly profiles?: Readonly<Record<string, KnobValues>>;
}

/** A file of ours by its path, whatever folder vitest is started in. */
const ours = (name: string) => fileURLToPath(new URL(`../../${name}.ts`, import.meta.url));

const reporter = (name: string, options: Record<string, unknown>): OwnReporter => [
  ours(`reports/${name}`),
  options,
];

/** Knobs that code sets, as the configuration file would; none where it says nothing. */
function knobsByCode(
  folder: string,
  { agent: { runArguments = [], environment = {} } = {}, profiles }: CanaryOptions,
): KnobsByCode {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const all = { AGENT_OPTIONS: runArguments, AGENT_ENVIRONMENT: variables };
  const said = Object.entries(all).filter(([, list]) => list.length > 0);
  return { folder, all: Object.fromEntries(said), ...(profiles === undefined ? {} : { profiles }) };
}

/** In a pattern of vitest's a path must not mean more than itself. */
const asPattern = (path: string) => path.replaceAll(/[\\()[\]{}!*?+@|]/g, '\\$&');

/**
 * vitest's configuration for `npx vitest run canary`: the runbook, a team's own specs, and the reporters that write the
 * evidence. It reads every knob; where one is wrong, or something else is in the way of a run, it tells all of it and ends
 * the process with exit code 2, before anything on the host is touched.
 */
export function defineCanary(options: CanaryOptions = {}) {
  const { root = process.cwd(), specs: ownSpecs = [] } = options;
  const { workloads: ownWorkloads = [], reporters = [] } = options;
  const { specs, besideSoak, own, problems: misplaced } = specsInOrder(root, ownSpecs);
  const workloads = namedWorkloads(ownWorkloads);
  const problems = [...misplaced, ...workloads.problems];
  const byCode = knobsByCode(root, options);
  const plan = thePlan();
  if (plan !== undefined) {
    plan({ specs: own, workloads: workloads.named.map(({ name }) => name), byCode, problems });
    return defineConfig({});
  }
  const { settings, lists } = enter(problems, byCode);
  Object.assign(process.env, COMPILE_CACHE);
  // vitest keeps a token of its own there, which would stay in root's home.
  if (process.geteuid?.() === 0) process.env.XDG_DATA_HOME = RUNTIME_DIRECTORY;
  // It would put more than one worker on the host.
  delete process.env.VITEST_MAX_WORKERS;
  const finished = settings.CANARY_RUN ?? [];
  const kind = finished.length > 1 ? 'together' : settings.PHASE;
  const [only = ''] = finished;
  const runDirectory =
    finished.length === 1
      ? judgingCopy(only, process.pid)
      : join(settings.OUT_DIR, runName(kind, new Date(), hostname(), process.pid));
  const evidence = [
    reporter('outside-reporter', { runDirectory, again: finished.length > 0 }),
    // Charts and tables first, for the others refer to them; JUnit and the final status last, for they tell
    // which of the others could not be written.
    ...[
      'charts',
      'review-table',
      'allure',
      'ticket',
      'ticket-details',
      'github',
      'junit',
      'final-status',
    ].map((name) => reporter(`${name}-reporter`, { runDirectory })),
  ];
  const told = { root, specs, besideSoak, workloads: workloads.named };
  return defineConfig({
    plugins: [heldToTheRunbook(evidence)],
    root,
    test: {
      // The runbook and a team's own specs, and nothing else that lies there.
      include: specs.map(asPattern),
      // The runbook itself may lie in node_modules.
      exclude: [],
      provide: lists ? { ...told, ...onlyListed(settings) } : { ...told, runDirectory, settings },
      globalSetup: lists ? [] : [ours('helpers/run/canary-setup')],
      // A soak on a host must never start again because a file was saved.
      watch: false,
      // The runbook has an order, and the host is one.
      pool: 'forks',
      fileParallelism: false,
      sequence: { sequencer: RunbookOrder },
      // A process for each section, and vite between Node and the files, would double the time around the soak.
      isolate: false,
      experimental: { viteModuleRunner: false, nodeLoader: false },
      retry: 0,
      teardownTimeout: 120_000,
      hookTimeout: 120_000,
      reporters: [
        [...reporter('runbook-progress', { runDirectory })],
        ...[...evidence, ...reporters].map((one): string | [string, Record<string, unknown>] =>
          typeof one === 'string' ? one : [...one],
        ),
      ],
    },
  });
}
