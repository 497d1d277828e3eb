import { basename } from 'node:path';
import {
  type StartedCommand,
  startedCommand,
  type UnitVariables,
  unitList,
} from '../changes/unit-command.ts';
import type { UnitSetting } from '../changes/unit-file.ts';
import type { ReadUnit, UnitDefect } from './unit-defect.ts';
import { unitPresence } from './unit-presence.ts';
import { type UnitRestart, unitRestart } from './unit-restart.ts';

/** Options of `run` that turn a gate off (docs/agent-contract.md §1.3). */
const GATES: readonly string[] = ['--allow-unsigned-bpf', '--allow-unknown-binary-identity'];
/** Variables that do (docs/agent-contract.md §7). */
const GATE_VARIABLES: readonly string[] = ['AEGIS_ALLOW_UNSIGNED_BPF', 'AEGIS_SKIP_BPF_VERIFY'];
/** By `0` the unit's own `policy apply` is not told --require-signature (docs/agent-contract.md §1.5). */
const REQUIRE_SIGNATURE = 'AEGIS_REQUIRE_SIGNATURE';

/** How a unit starts the agent, and how it starts it again. */
export interface UnitStart extends UnitRestart, ReadUnit {
  /** Words behind `run`; undefined where the text does not tell. */
  readonly options: readonly string[] | undefined;
}

/** Of what is read here nothing but the text counts: nothing is started. @param isThere whether this host has a path. */
export function unitStart(
  settings: readonly UnitSetting[],
  variables: UnitVariables,
  /** Names of the agent's executable, and AGENT_OPTIONS. */
  { programs, asked }: { readonly programs: readonly string[]; readonly asked: readonly string[] },
  mostGapMs: number,
  isThere: (path: string) => boolean,
): UnitStart {
  const service = settings.filter(({ section }) => section === 'Service');
  const line = unitList(service, 'ExecStart').at(-1);
  const command = line === undefined ? undefined : startedCommand(line, variables);
  const spoken = command === undefined ? undefined : optionsOf(command, programs);
  const { again, down, unread } = unitRestart(settings, command?.isForgiven === true, mostGapMs);
  const applied = policyApplied(service, variables);
  const presence = unitPresence(settings, isThere);
  return {
    ...again,
    options: typeof spoken === 'string' ? undefined : spoken,
    // What is no unit of a service lacks all of it.
    found:
      line === undefined
        ? []
        : [
            ...(Array.isArray(spoken) && command?.unknown === undefined
              ? modeDefects(spoken, variables, asked)
              : []),
            ...applied.found,
            ...staysDown(down),
            ...presence.found,
          ],
    unknown: [
      ...(line === undefined ? ['it has no ExecStart='] : []),
      ...(command?.unknown === undefined ? [] : [command.unknown]),
      ...(typeof spoken === 'string' ? [spoken] : []),
      ...applied.unknown,
      ...unread.map((one) => `${one} cannot be read`),
      ...(line === undefined ? [] : [...notifications(service), ...presence.unknown]),
    ],
    told: [...applied.told, ...presence.told],
  };
}

/** What systemd waits for, and ends the service for want of (systemd.service(5), Type= and WatchdogSec=): no text tells whether an agent does it. */
function notifications(service: readonly UnitSetting[]): readonly string[] {
  const last = (wanted: string) => service.findLast(({ name }) => name === wanted)?.value ?? '';
  const [type, watchdog] = [last('Type'), last('WatchdogSec')];
  return [
    ...(/^(simple|exec|)$/.test(type)
      ? []
      : [
          `by Type=${type} systemd waits for what an agent must do once it is ready, and ends one that does not; whether this one does it no text tells (0.10.0 does not)`,
        ]),
    ...(/^(0|infinity|)$/.test(watchdog)
      ? []
      : [
          `by WatchdogSec=${watchdog} systemd kills an agent that does not say in time that it lives; whether this one does no text tells (0.10.0 does not)`,
        ]),
  ];
}

/** The words behind `run`, none where the agent alone is started (docs/agent-contract.md §0.5); in words why nobody knows. */
function optionsOf(
  { words }: StartedCommand,
  programs: readonly string[],
): readonly string[] | string {
  const at = words.findIndex((word) => programs.includes(basename(word)));
  const [run, ...options] = words.slice(at + 1);
  if (at < 0)
    return `ExecStart= starts ${words[0] ?? 'nothing'}, and which words that gives to the agent its text does not tell`;
  if (run === undefined) return [];
  return run === 'run'
    ? options
    : `ExecStart= starts \`${basename(words[at] ?? '')} ${run}\`, not its \`run\``;
}

/** By which words it audits, or a gate is off. @param asked what AGENT_OPTIONS says, on purpose therefore. */
function modeDefects(
  options: readonly string[],
  { values }: UnitVariables,
  asked: readonly string[],
): readonly UnitDefect[] {
  const mode = options.findLast((word) => /^--(audit|enforce|mode=.*)$/.test(word));
  const gateAt = options.findLastIndex((word) => /^--enforce-gate-mode(=|$)/.test(word));
  const [gate = '', behind = ''] = options.slice(gateAt < 0 ? options.length : gateAt);
  const gateMode =
    gateAt < 0
      ? (values.get('AEGIS_ENFORCE_GATE_MODE') ?? '')
      : gate.includes('=')
        ? gate.replace(/^.*=/, '')
        : behind;
  const open = [
    ...(gateMode.startsWith('audit')
      ? [gateAt < 0 ? `AEGIS_ENFORCE_GATE_MODE=${gateMode}` : `--enforce-gate-mode=${gateMode}`]
      : []),
    ...GATES.filter((word) => options.includes(word) && !asked.includes(word)),
    ...GATE_VARIABLES.filter((name) => /^(1|true|yes|on)$/i.test(values.get(name) ?? '')).map(
      (name) => `${name}=${values.get(name)}`,
    ),
  ];
  const audits = mode === '--audit' || mode === '--mode=audit';
  return [
    ...(audits
      ? [
          {
            defect: 'unit-audits' as const,
            ...{ title: 'the unit starts the agent in audit mode', severity: 'high' as const },
            detail: `it starts the agent with ${mode}: every host that installs it is told of denials, and none is protected`,
          },
        ]
      : []),
    ...(open.length > 0
      ? [
          {
            defect: 'unit-opens-gate' as const,
            ...{ title: 'the unit turns a gate of the agent off', severity: 'high' as const },
            reference: 'docs/agent-contract.md §1.3, §7',
            detail: `it starts the agent with ${open.join(' and ')}: where the agent must refuse to start it goes on, without enforcing or without a check`,
          },
        ]
      : []),
  ];
}

/** Rules that outlive no reboot come by a `policy apply` before each start. */
function policyApplied(service: readonly UnitSetting[], variables: UnitVariables): ReadUnit {
  const { values, unknown } = variables;
  const before = ['ExecCondition', 'ExecStartPre', 'ExecStart', 'ExecStartPost'];
  const lines = before.flatMap((name) => unitList(service, name));
  const applying = lines.filter((line) => /\bpolicy\s+apply\b/.test(line));
  const forgiven = applying.filter((line) => /^[@:+!|]*-/.test(line));
  const lacks =
    applying.length === 0
      ? 'none of its commands is `policy apply`'
      : forgiven.length === applying.length
        ? 'a failure of its `policy apply` counts as success, by the `-` before it'
        : undefined;
  const named = (name: string) => applying.some((line) => line.includes(name));
  const unsigned = new Set(applying.flatMap((line) => takesUnsigned(line, variables) ?? []));
  return {
    found: [
      ...(lacks === undefined
        ? []
        : [
            {
              defect: 'unit-without-policy' as const,
              ...{
                title: 'the unit starts the agent without its policy',
                severity: 'high' as const,
              },
              reference: 'docs/agent-contract.md §5.3',
              detail: `${lacks}: the agent's pins are gone behind a reboot, and it then enforces no rule`,
            },
          ]),
      ...(unsigned.size === 0
        ? []
        : [
            {
              defect: 'unit-takes-unsigned' as const,
              ...{ title: 'the unit applies a policy unsigned', severity: 'high' as const },
              reference: 'docs/agent-contract.md §1.5, §5.8',
              detail: `${[...unsigned].join('; ')}: whoever writes the file that AEGIS_POLICY names decides what every host denies; the unit that ships with version 0.10.0, with its file of variables, applies signed policies alone`,
            },
          ]),
    ],
    unknown:
      unknown !== undefined && named(REQUIRE_SIGNATURE)
        ? [`$${REQUIRE_SIGNATURE} is not known: ${unknown}`]
        : [],
    told:
      named('AEGIS_POLICY') && (values.get('AEGIS_POLICY') ?? '') === '' && unknown === undefined
        ? ['AEGIS_POLICY is empty, so nothing is applied before a start']
        : [],
  };
}

/** By which words this `policy apply` takes a policy that nobody signed; none where it takes one alone, by its hash. */
function takesUnsigned(line: string, { values, unknown }: UnitVariables): string | undefined {
  const hashes = ['AEGIS_POLICY_SHA256', 'AEGIS_POLICY_SHA256_FILE'];
  const isPinned =
    line.includes('--sha256') &&
    (!line.includes('AEGIS_POLICY_SHA256') || hashes.some((name) => values.get(name)));
  if (isPinned) return undefined;
  if (!line.includes('--require-signature'))
    return 'its `policy apply` is not told --require-signature';
  const demanded = values.get(REQUIRE_SIGNATURE) ?? '';
  return unknown === undefined &&
    line.includes(REQUIRE_SIGNATURE) &&
    /^(0|false|no|off)$/i.test(demanded)
    ? `${REQUIRE_SIGNATURE}=${demanded} takes --require-signature from its \`policy apply\``
    : undefined;
}

/** Why an agent that has died is not there again, or not in time. */
const staysDown = (why: readonly string[]): readonly UnitDefect[] =>
  why.length === 0
    ? []
    : [
        {
          defect: 'unit-stays-down',
          ...{ title: 'an agent that has died stays down by its unit', severity: 'high' },
          detail: `${why.join('; ')}: the unit that ships with version 0.10.0 has Restart=on-failure, RestartSec=5 and five starts in 300 s`,
        },
      ];
