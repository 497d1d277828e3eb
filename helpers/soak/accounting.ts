import { fail, inconclusive, pass, worst } from '../criteria/judgement.ts';
import { ofOneLife } from './one-life.ts';
import { insteadOf } from './witness.ts';

const SIGNAL_NAMES = {
  term: 'SIGTERM',
  int: 'SIGINT',
  kill: 'SIGTERM or SIGKILL',
  none: 'no signal',
};

/** The numbers of three witnesses agree: attempts, the kernel's counter, and the event lines. */
export const accountingCloses = ofOneLife((soak) => {
  const made = soak.attempts.attempts + soak.victims.run;
  const decided = soak.ownDecisions;
  if (!decided.known) return inconclusive(decided.reason, { source: decided.source });
  const strangers = soak.strangerEventLines;
  const expected = made + strangers;
  const source = `soak workers; ${decided.source}; ${soak.mode}/agent.stdout.ndjson`;
  // A scrape takes a moment, and who else opened the file in it is on either side of the count.
  const edge = soak.strangerLinesAtEdges;
  if (Math.abs(decided.value - expected) > edge) {
    return fail(
      `${expected} opens of the soak file were made (${made} by us, ${strangers} by others), and the agent counted ${decided.value} decisions on it: a gap of ${expected - decided.value}`,
      { value: decided.value, limit: expected, unit: 'decisions', source },
    );
  }
  if (!soak.drops.known) return inconclusive(soak.drops.reason, { source: soak.drops.source });
  const lines = soak.ownEventLines + strangers;
  const gap = decided.value - lines;
  // Drops are counted for the whole host, so up to that many of our lines may be among them.
  if (gap < -edge || gap > soak.drops.value + edge) {
    return fail(
      `${decided.value} decisions on the soak file, ${lines} event lines delivered and ${soak.drops.value} drops admitted: ${gap < 0 ? `${-gap} lines too many` : `${gap - soak.drops.value} lines lost without a drop being counted${insteadOf(soak.witnesses[0])}`}`,
      { value: lines, limit: decided.value, unit: 'event lines', source },
    );
  }
  return pass(
    strangers === 0
      ? `${made} opens = ${decided.value} decisions = ${soak.ownEventLines} event lines + ${gap} drops`
      : `${decided.value} decisions and ${lines} event lines: ${made} opens of ours, ${strangers} of others, ${edge} of them while it was counted`,
    { value: lines, limit: decided.value, unit: 'event lines', source },
  );
});

/** Enforce: as many signals as denials, and an ordinary program really ends by it. */
export const signalsEqualDenials = ofOneLife((soak) => {
  const { eperm, signals } = soak.attempts;
  const name = SIGNAL_NAMES[soak.enforceSignal];
  const expected = soak.enforceSignal === 'none' ? 0 : eperm;
  const measurement = { value: signals, limit: expected, unit: 'signals', source: 'soak workers' };
  const { run, signalled, other } = soak.victims;
  const wantedVictims = soak.enforceSignal === 'none' ? 0 : run;
  const received = `${signals} signals received for ${eperm} denials`;
  const counted =
    signals === expected
      ? pass(`${received} (${name})`, measurement)
      : fail(`${received}, expected ${expected} (${name})`, measurement);
  if (signalled !== wantedVictims) {
    const one = other[0] === undefined ? '' : `; one said: ${other[0]}`;
    const ended = fail(
      `${signalled} of ${run} ordinary programs that opened the denied file were ended by the signal, expected ${wantedVictims} (${name})${one}`,
      { ...measurement, value: signalled, limit: wantedVictims, unit: 'programs' },
    );
    return worst([counted, ended]);
  }
  if (run > 0 || soak.enforceSignal === 'kill') return counted;
  const none = 'no ordinary program was tried during the soak; run longer';
  return worst([counted, inconclusive(none, measurement)]);
});
