import { quotedKnob } from './cannot-begin.ts';

/** Why nothing may be left out of the event lines. */
export const ACCOUNTS =
  'the canary compares its opens with decisions and event lines, so each decision must have a line of its own';
/** Why the agent's check of its BPF object stays on. */
export const UNSIGNED =
  'coverage.object tries that a changed BPF object is refused, which this turns off';
const UNLOGGED =
  'the canary reads "Agent started" and warnings in the log, which this can leave out';

const SIZED =
  "a table keeps the size that whoever came first gave it, and the canary's own commands come before the first start: this would not be in force";

/**
 * Options of `run` (docs/agent-contract.md §1.3) that AGENT_OPTIONS cannot have, and why. The canary sets them itself, or
 * would judge by them what the agent did as it was told.
 */
const REFUSED: Readonly<Record<string, string>> = {
  '--audit': 'the canary sets the mode; choose what is tried with PHASE',
  '--enforce': 'the canary sets the mode; choose what is tried with PHASE',
  '--mode': 'the canary sets the mode; choose what is tried with PHASE',
  '--enforce-signal': 'set ENFORCE_SIGNAL',
  '--allow-sigkill': 'set ENFORCE_SIGNAL=kill and ALLOW_SIGKILL_CANARY=1',
  '--ringbuf-bytes': 'set RINGBUF_BYTES',
  '--log': 'the canary sets it, for it reads the event lines from standard output',
  '--log-level': UNLOGGED,
  '--event-format': 'the canary reads event lines in the format aegis alone',
  '--event-sample-rate': ACCOUNTS,
  '--event-dedup-window-ms': ACCOUNTS,
  '--event-dedup-max-entries': ACCOUNTS,
  '--deadman-ttl': 'the canary sets it where it tries it: rollback.deadman',
  '--auto-revert-threshold':
    'the canary makes denials on purpose, and the agent would change to audit mode',
  '--auto-revert-breaches':
    'the canary makes denials on purpose, and the agent would change to audit mode',
  '--strict-degrade': 'the canary sets it where it tries it: rollback.strict-degrade',
  '--enforce-gate-mode':
    'the canary sets it where it tries it: rollback.strict-degrade and rollback.enforce-gate',
  '--allow-unsigned-bpf': UNSIGNED,
  ...{ '--max-deny-inodes': SIZED, '--max-deny-paths': SIZED, '--max-network-entries': SIZED },
  '--lsm-hook':
    'by the hook inode_permission the agent decides on links and renames as well, and twice on an open by both; the canary expects one decision for an attempt',
};

/** Why the agent cannot be given this option by AGENT_OPTIONS; undefined when it can. */
export function refusedOption(option: string): string | undefined {
  const quoted = quotedKnob(option);
  if (!option.startsWith('-'))
    return `${quoted} is not an option; write an option and its value as one text, as "--log-format=json"`;
  const [name = ''] = option.split('=', 1);
  const why = REFUSED[name];
  return why === undefined ? undefined : `${quoted} cannot be used here: ${why}`;
}
