import { touchedFiles } from '../changes/own-file.ts';
import type { CriterionEntry } from '../criteria/catalogue.ts';
import { inconclusive, type Judgement } from '../criteria/judgement.ts';

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
  return inconclusive(
    `somebody on this host ${touched.join(', ')} while the canary used it; neither this suite nor the agent does that (a clean-up of the folder?), so what was seen there says nothing about the agent. Seen: ${judgement.explanation}`,
    { value: touched.length, limit: 0, unit: 'files touched', source: 'stat' },
  );
}
