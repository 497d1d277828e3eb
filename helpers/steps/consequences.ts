import { deathOfLatest, deathsIn } from '../agent/lives.ts';
import { touchedFiles } from '../changes/own-file.ts';
import { type CriterionEntry, entryOf } from '../criteria/catalogue.ts';
import { inconclusive, type Judgement } from '../criteria/judgement.ts';

/**
 * The judgement itself while the agent lives. After its death, what is missing follows from that, and so does
 * whatever opens of ours met: the death is told once, by the criterion on the agent's life.
 * @param deathsBefore how many lives had died before this step; a later life is judged as it is.
 */
export function afterDeath(
  { id, section, byOpens }: CriterionEntry,
  seen: Judgement,
  deathsBefore: number,
): Judgement {
  const ofLife = entryOf(`${section}.alive`);
  if (ofLife === undefined || ofLife.id === id || seen.verdict === 'pass') return seen;
  const death = deathsIn(section)[deathsBefore] ?? deathOfLatest(section);
  if (death === undefined || (seen.verdict === 'fail' && byOpens !== true)) return seen;
  const { verdict: _, explanation, findings: __, ...measured } = seen;
  return {
    ...inconclusive(`${death} (see ${ofLife.id}). Seen: ${explanation}`, measured),
    follows: ofLife.id,
  };
}

/**
 * The judgement itself while our files are as we made them. When somebody else touched one, what was
 * seen on it blames nobody and shows nothing, whatever it was.
 */
export function onOurFiles(
  { section, withoutFiles }: CriterionEntry,
  judgement: Judgement,
): Judgement {
  // The exit criteria judge what is written down, and take the files away themselves.
  if (section === 'exit' || withoutFiles === true) return judgement;
  const touched = touchedFiles();
  if (touched.length === 0) return judgement;
  const seen = inconclusive(
    `somebody on this host ${touched.join(', ')} while the canary used it; neither this suite nor the agent does that (a clean-up of the folder?), so what was seen there says nothing about the agent. Seen: ${judgement.explanation}`,
    { value: touched.length, limit: 0, unit: 'files touched', source: 'stat' },
  );
  return { ...seen, blames: 'host' };
}
