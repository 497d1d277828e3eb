import {
  fail,
  inconclusive,
  type Judgement,
  type Measurement,
  NotApplicable,
  pass,
  worst,
} from '../criteria/judgement.ts';
import { counted, inWords } from '../text/counted.ts';
import { actionsOf } from './invariants.ts';
import { ofOneLife } from './one-life.ts';
import type { SideResult, SoakResult } from './result.ts';

/** Every other route to a denied file is decided on as its open is, all through the soak, and accounted for. */
export const operationsAccounted = ofOneLife((soak) => judge(soak, 'operations'));

const networkOfOneLife = ofOneLife((soak) => judge(soak, 'network'));

/** Connects, sends and binds that a rule on their port concerns are decided on, and accounted for. */
export function networkAccounted(soak: SoakResult): Judgement {
  if (soak.connectHook !== true) {
    return inconclusive(
      'the agent attached no connect hook (hooks.lsm_socket_connect of its capability report is false), so network rules are not in force here: nothing can be said of them; see its log for the reason, or use a kernel that has the hook',
      { value: 'not attached', limit: 'attached', source: `${soak.mode}/capabilities.json` },
    );
  }
  return networkOfOneLife(soak);
}

/** @throws NotApplicable where no route can be taken here. */
function judge(soak: SoakResult, name: 'operations' | 'network'): Judgement {
  const result = soak[name];
  const source = `${soak.mode}/${name}-0.json`;
  if (result === undefined) return inconclusive(`the soak has no ${name} of its own`, { source });
  const { notRun, missing } = result;
  if (missing.length > 0) return inconclusive(missing.join('; '), { source });
  const routes = routesOf(result);
  if (routes.length === 0) throw new NotApplicable(`no route can be tried: ${notRun.join('; ')}`);
  return judgeTaken(soak, { ...result, name, routes }, { unit: 'attempts', source });
}

const routesOf = ({ attempts, linesByRoute }: SideResult) =>
  Object.entries(attempts.routes ?? {}).map(([route, counts]) => ({
    ...{ ...counts, route },
    lines: linesByRoute[route] ?? 0,
  }));

type Route = ReturnType<typeof routesOf>[number];
type Taken = SideResult & { readonly name: string; readonly routes: readonly Route[] };

/** What is wrong in one regard, if anything. */
type Check = (soak: SoakResult, taken: Taken, measurement: Measurement) => Judgement | undefined;

function judgeTaken(soak: SoakResult, taken: Taken, measurement: Measurement): Judgement {
  const problems = [wrongOutcomes, wrongSignals, wrongActions].flatMap(
    (check) => check(soak, taken, measurement) ?? [],
  );
  const [first, ...rest] = problems;
  if (first !== undefined) return worst([first, ...rest]);
  // Attempts without the right outcome need not be decided on.
  const problem = wrongAccounts(soak, taken, measurement) ?? untaken(soak, taken, measurement);
  if (problem !== undefined) return problem;
  const { attempts, routes, lines, strangerLines, notRun } = taken;
  const met = soak.mode === 'enforce' ? `${attempts.eperm} refused` : `${attempts.allowed} allowed`;
  const others =
    strangerLines === 0 ? '' : `, and ${counted(strangerLines, 'event line')} by others`;
  const without = notRun.length === 0 ? '' : `; besides ${notRun.join('; ')}`;
  return pass(
    `${attempts.attempts} attempts by ${counted(routes.length, 'route')} in turn (${inWords(routes.map(({ route }) => route))}): ${met}, ${attempts.signals} signals, ${lines} event lines${others}${without}`,
    { ...measurement, value: attempts.attempts, limit: attempts.attempts },
  );
}

/** All that is wrong by any route: whoever mends one must know of the others. */
const wrongOutcomes: Check = (soak, { routes, attempts }, measurement) => {
  const [first, ...rest] = routes.flatMap((route) => wrongOutcome(soak, route, measurement) ?? []);
  if (first === undefined) {
    const { allowed, eperm } = attempts;
    return allowed + eperm === attempts.attempts
      ? undefined
      : inconclusive(
          `${attempts.attempts} attempts were made and only ${allowed + eperm} have an outcome; the worker's counts are incomplete, run again`,
          measurement,
        );
  }
  const judgement = worst([first, ...rest]);
  const alike = [first, ...rest].filter(({ verdict }) => verdict === judgement.verdict);
  return { ...judgement, explanation: alike.map(({ explanation }) => explanation).join('; ') };
};

function wrongOutcome({ mode }: SoakResult, route: Route, measurement: Measurement) {
  const { route: name, attempts, allowed, eperm, otherErrno } = route;
  const [wanted, unwanted] = mode === 'enforce' ? [eperm, allowed] : [allowed, eperm];
  const measured = { ...measurement, value: wanted, limit: attempts };
  if (unwanted > 0) {
    return fail(
      `${name}: ${unwanted} of ${attempts} attempts ${mode === 'enforce' ? 'went through while the agent enforced' : 'were refused in audit mode'}`,
      measured,
    );
  }
  const others = Object.entries(otherErrno).map(([errno, count]) => `${errno} × ${count}`);
  if (others.length === 0) return undefined;
  const text = `${name}: attempts failed with ${others.join(', ')}, expected ${mode === 'enforce' ? 'EPERM' : 'none to fail'}`;
  return mode === 'enforce' ? fail(text, measured) : inconclusive(text, measured);
}

/** A route that was never taken shows nothing; an early end has a reason of its own. */
const untaken: Check = ({ endedEarly }, { routes }, measurement) => {
  const names = routes.filter(({ attempts }) => attempts === 0).map(({ route }) => route);
  if (names.length === 0 || endedEarly !== undefined) return undefined;
  return inconclusive(`the soak had no time for ${inWords(names)}; run longer`, measurement);
};

const wrongSignals: Check = ({ mode, enforceSignal }, { name, attempts }, measurement) => {
  const expected = mode === 'audit' || enforceSignal === 'none' ? 0 : attempts.eperm;
  if (attempts.signals === expected) return undefined;
  return fail(
    `${name}: ${attempts.signals} signals received for ${attempts.eperm} denials, expected ${expected} (ENFORCE_SIGNAL=${enforceSignal}, ${mode} mode)`,
    { ...measurement, value: attempts.signals, limit: expected, unit: 'signals' },
  );
};

const wrongActions: Check = (soak, { name, linesByAction }, measurement) => {
  const allowed = actionsOf(soak);
  const wrong = Object.keys(linesByAction).filter((action) => !allowed.includes(action));
  if (wrong.length === 0) return undefined;
  const [value, limit] = [wrong.join(', '), allowed.join(' or ')];
  const text = `${name}: events say ${value}, expected ${limit}`;
  return fail(text, { ...measurement, value, limit, unit: 'action' });
};

/** Routes whose event lines are not as many as their attempts, as far as the names of threads tell. */
function unequalRoutes(routes: readonly Route[]): string {
  const unequal = routes.filter(({ attempts, lines }) => attempts !== lines);
  const texts = unequal.map(({ route, attempts, lines }) => `${route} ${attempts} and ${lines}`);
  return texts.length === 0 ? '' : `; attempts and event lines by route: ${texts.join(', ')}`;
}

/** Attempts, the kernel's own counter and the event lines agree. */
const wrongAccounts: Check = (
  { drops },
  { name, routes, attempts, decisions, lines, strangerLines, strangerLinesAtEdges },
  measurement,
) => {
  if (!decisions.known) return inconclusive(decisions.reason, { source: decisions.source });
  const ours = attempts.attempts;
  const made = ours + strangerLines;
  const source = `${measurement.source}; ${decisions.source}`;
  // Each decision has a line, and there are no more attempts than that: some of ours do not tell who acted.
  if (strangerLines > 0 && decisions.value === lines + strangerLines && decisions.value === ours)
    return inconclusive(
      `${name}: ${counted(strangerLines, 'event line')} on ${ours} attempts of ours cannot be distinguished from those of others`,
      { ...measurement, source, value: lines, limit: ours, unit: 'event lines' },
    );
  if (Math.abs(decisions.value - made) > strangerLinesAtEdges) {
    const whose = strangerLines === 0 ? '' : ` (${ours} by us, ${strangerLines} by others)`;
    return fail(
      `${name}: ${made} attempts were made${whose}, and the agent counted ${decisions.value} decisions on their subject: a gap of ${made - decisions.value}${unequalRoutes(routes)}`,
      { ...measurement, source, value: decisions.value, limit: made, unit: 'decisions' },
    );
  }
  if (!drops.known) return inconclusive(drops.reason, { source: drops.source });
  // Each attempt of others is known by its line; of ours some may lack one.
  const gap = ours - lines;
  // Drops are counted for the whole host, so up to that many of these lines may be among them.
  if (gap >= 0 && gap <= drops.value) return undefined;
  return fail(
    `${name}: ${ours} decisions, ${lines} event lines delivered and ${drops.value} drops admitted: ${gap < 0 ? `${-gap} lines too many` : `${gap - drops.value} lines lost without a drop being counted`}${unequalRoutes(routes)}`,
    { ...measurement, source, value: lines, limit: ours, unit: 'event lines' },
  );
};
