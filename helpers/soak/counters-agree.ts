import { fail, inconclusive, type Judgement, pass, worst } from '../criteria/judgement.ts';
import { counted } from '../text/counted.ts';
import { ofOneLife } from './one-life.ts';
import type { CounterCheck, ReadingCheck, SoakResult } from './result.ts';

/**
 * Every counter of our work tells the number that we counted, whichever way it is asked for. What others
 * do on this host is counted in the same place: it widens what may be told, by their event lines.
 */
export const countersAgree = ofOneLife((soak) => {
  const judged = [
    ...soak.counters.map((check) => counterAgrees(soak, check)),
    ...soak.readings.map(readingAgrees),
  ];
  const [first, ...rest] = judged;
  if (first === undefined)
    return inconclusive('no counter was compared', { source: `${soak.mode}/soak.json` });
  const judgement = worst([first, ...rest]);
  if (judgement.verdict !== 'pass') return judgement;
  const texts = judged.map(({ explanation }) => explanation);
  if (soak.readings.length === 0)
    texts.push('stats and the endpoint were not compared, for the soak ended early');
  return { ...judgement, explanation: texts.join('; ') };
});

function counterAgrees(
  { mode, drops }: SoakResult,
  { counter, told, least, most, others }: CounterCheck,
): Judgement {
  const source = `${mode}/metrics-before.prom, ${mode}/metrics-after.prom`;
  if (!told.known) return inconclusive(told.reason, { source: told.source });
  const measured = { value: told.value, limit: least, unit: 'decisions', source };
  const ours = least === most ? `${least}` : `${least} to ${most}`;
  const text = `${counter} grew by ${told.value}`;
  if (told.value < least) return fail(`${text}, and our own attempts alone are ${ours}`, measured);
  const dropped = drops.known ? drops.value : 0;
  if (told.value <= most + others + dropped) {
    return pass(
      `${text} = ${ours} of ours${told.value > most ? ` + ${told.value - most} of others` : ''}`,
      measured,
    );
  }
  const excess = `${text}: ${ours} of ours, ${counted(others, 'event line')} of others and ${counted(dropped, 'drop')} leave ${told.value - most - others - dropped} unexplained`;
  // A denied program name is counted without a line where the ring is full (docs/agent-contract.md §4.3).
  // Nor can the lines of others be counted out where nobody knows how many were dropped.
  return drops.known && others + dropped === 0
    ? fail(excess, measured)
    : inconclusive(excess, measured);
}

function readingAgrees({ what, told, least, most, between }: ReadingCheck): Judgement {
  const source = `${what}; ${between}`;
  if (told === undefined) return inconclusive(`${what} cannot be read`, { source });
  if (least === undefined)
    return inconclusive(`there is nothing to compare ${what} with: ${between}`, { source });
  const limit =
    most === undefined ? `${least} or more` : least === most ? `${least}` : `${least} to ${most}`;
  const measured = { value: told, limit, source };
  if (told < least || told > (most ?? told))
    return fail(`${what} is ${told}, but by ${between} it should be ${limit}`, measured);
  return pass(`${what} is ${told}`, measured);
}
