import {
  fail,
  inconclusive,
  type Judgement,
  type Measurement,
  pass,
  worst,
} from '../criteria/judgement.ts';
import { counted } from '../text/counted.ts';
import { actionsOf } from './invariants.ts';
import { ofOneLife } from './one-life.ts';
import type { SideResult, SoakResult } from './result.ts';

/** SOAK_OPERATIONS: every other way to the denied file is decided on as its open is, and accounted for. */
export const operationsAccounted = ofOneLife((soak) =>
  judgeAll(soak, soak.operations, 'SOAK_OPERATIONS'),
);

const networkOfOneLife = ofOneLife((soak) => judgeAll(soak, soak.network, 'SOAK_NET_WORKLOAD'));

/** SOAK_NET_WORKLOAD: connects to the denied addresses are decided on, and accounted for. */
export function networkAccounted(soak: SoakResult): Judgement {
  if (soak.connectHook !== true) {
    return inconclusive(
      'the agent attached no connect hook (hooks.lsm_socket_connect of its capability report is false), so network rules are not in force here: nothing can be said of them; see its log for the reason, or use a kernel that has the hook',
      { value: 'not attached', limit: 'attached', source: `${soak.mode}/capabilities.json` },
    );
  }
  return networkOfOneLife(soak);
}

function judgeAll(soak: SoakResult, results: readonly SideResult[], knob: string): Judgement {
  const [first, ...rest] = results.map((result) => judgeOne(soak, result));
  if (first === undefined) return inconclusive(`the soak has no work of ${knob}`, { source: knob });
  const judgement = worst([first, ...rest]);
  // Whoever mends one way must know of the others.
  const alike = [first, ...rest].filter(({ verdict }) => verdict === judgement.verdict);
  const explanation = alike.map((one) => one.explanation).join('; ');
  if (judgement.verdict !== 'pass') return { ...judgement, explanation };
  const made = results.reduce((sum, { attempts }) => sum + attempts.attempts, 0);
  return { ...judgement, value: made, limit: made, explanation };
}

/** What is wrong with a work in one regard, if anything. */
type Check = (
  soak: SoakResult,
  result: SideResult,
  measurement: Measurement,
) => Judgement | undefined;

function judgeOne(soak: SoakResult, result: SideResult): Judgement {
  const { operation, attempts, target } = result;
  const source = `${soak.mode}/${operation}-0.json on ${target}`;
  const measurement: Measurement = { unit: 'attempts', source };
  if (attempts.attempts === 0)
    return inconclusive(`no ${operation} was made; run longer`, measurement);
  const problems = [wrongOutcome, wrongSignals, wrongActions].flatMap(
    (check) => check(soak, result, measurement) ?? [],
  );
  const [first, ...rest] = problems;
  if (first !== undefined) return worst([first, ...rest]);
  // Attempts without the right outcome need not be decided on.
  const unaccounted = wrongAccounts(soak, result, measurement);
  if (unaccounted !== undefined) return unaccounted;
  const others =
    result.strangerLines === 0
      ? ''
      : `, and ${counted(result.strangerLines, 'event line')} by others`;
  return pass(
    `${operation}: ${attempts.attempts} attempts, ${soak.mode === 'enforce' ? `${attempts.eperm} refused` : `${attempts.allowed} allowed`}, ${attempts.signals} signals, ${result.lines} event lines${others}`,
    measurement,
  );
}

const wrongOutcome: Check = ({ mode }, { operation, attempts }, measurement) => {
  const { allowed, eperm, otherErrno } = attempts;
  const wanted = mode === 'enforce' ? eperm : allowed;
  const unwanted = mode === 'enforce' ? allowed : eperm;
  const measured = { ...measurement, value: wanted, limit: attempts.attempts };
  if (unwanted > 0) {
    return fail(
      `${operation}: ${unwanted} of ${attempts.attempts} attempts ${mode === 'enforce' ? 'went through while the agent enforced' : 'were refused in audit mode'}`,
      measured,
    );
  }
  const others = Object.entries(otherErrno).map(([errno, count]) => `${errno} × ${count}`);
  if (others.length > 0) {
    const text = `${operation}: attempts failed with ${others.join(', ')}, expected ${mode === 'enforce' ? 'EPERM' : 'none to fail'}`;
    // Nothing but an agent refuses root a link or a rename of its own file, which the control made before.
    const refused = Object.keys(otherErrno).some((errno) => errno.startsWith('EPERM'));
    return mode === 'enforce' || refused ? fail(text, measured) : inconclusive(text, measured);
  }
  if (wanted === attempts.attempts) return undefined;
  return inconclusive(
    `${operation}: ${attempts.attempts} attempts were made and only ${wanted} have an outcome; the worker's counts are incomplete, run again`,
    measured,
  );
};

const wrongSignals: Check = ({ mode, enforceSignal }, { operation, attempts }, measurement) => {
  const expected = mode === 'audit' || enforceSignal === 'none' ? 0 : attempts.eperm;
  if (attempts.signals === expected) return undefined;
  return fail(
    `${operation}: ${attempts.signals} signals received for ${attempts.eperm} denials, expected ${expected} (ENFORCE_SIGNAL=${enforceSignal}, ${mode} mode)`,
    { ...measurement, value: attempts.signals, limit: expected, unit: 'signals' },
  );
};

const wrongActions: Check = (soak, { operation, linesByAction }, measurement) => {
  const allowed = actionsOf(soak);
  const wrong = Object.keys(linesByAction).filter((action) => !allowed.includes(action));
  if (wrong.length === 0) return undefined;
  const [value, limit] = [wrong.join(', '), allowed.join(' or ')];
  const text = `${operation}: events say ${value}, expected ${limit}`;
  return fail(text, { ...measurement, value, limit, unit: 'action' });
};

/** Attempts, the kernel's own counter and the event lines agree. */
const wrongAccounts: Check = (
  { drops },
  { operation, attempts, decisions, lines, strangerLines, strangerLinesAtEdges },
  measurement,
) => {
  if (!decisions.known) return inconclusive(decisions.reason, { source: decisions.source });
  const ours = attempts.attempts;
  const made = ours + strangerLines;
  const source = `${measurement.source}; ${decisions.source}`;
  if (Math.abs(decisions.value - made) > strangerLinesAtEdges) {
    const whose = strangerLines === 0 ? '' : ` (${ours} by us, ${strangerLines} by others)`;
    return fail(
      `${operation}: ${made} attempts were made${whose}, and the agent counted ${decisions.value} decisions on their subject: a gap of ${made - decisions.value}`,
      { ...measurement, source, value: decisions.value, limit: made, unit: 'decisions' },
    );
  }
  if (!drops.known) return inconclusive(drops.reason, { source: drops.source });
  // Each attempt of others is known by its line; of ours some may lack one.
  const gap = ours - lines;
  // Drops are counted for the whole host, so up to that many of these lines may be among them.
  if (gap >= 0 && gap <= drops.value) return undefined;
  return fail(
    `${operation}: ${ours} decisions, ${lines} event lines delivered and ${drops.value} drops admitted: ${gap < 0 ? `${-gap} lines too many` : `${gap - drops.value} lines lost without a drop being counted`}`,
    { ...measurement, source, value: lines, limit: ours, unit: 'event lines' },
  );
};
