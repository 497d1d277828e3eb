import { touchedFiles } from '../changes/own-file.ts';
import { inconclusive, type Judgement } from '../criteria/judgement.ts';

/** What is judged without a file of ours, by the last part of its id. */
const WITHOUT_FILES: ReadonlySet<string> = new Set([
  ...['ready', 'stop', 'alive', 'samples', 'state-changes', 'review-notes', 'network', 'headroom'],
  ...['ringbuf-drops', 'event-drop-ratio', 'rss-growth', 'health', 'metrics', 'host-service'],
]);

/**
 * The judgement itself while our files are as we made them. When somebody else touched one, what was
 * seen on it blames nobody and shows nothing, whatever it was.
 */
export function onOurFiles(id: string, judgement: Judgement): Judgement {
  // By then they are undone, and where one process judges all specs, it still knows of them.
  if (id.startsWith('exit.')) return judgement;
  if (WITHOUT_FILES.has(id.slice(id.indexOf('.') + 1))) return judgement;
  const touched = touchedFiles();
  if (touched.length === 0) return judgement;
  return inconclusive(
    `somebody on this host ${touched.join(', ')} while the canary used it; neither this suite nor the agent does that (a clean-up of the folder?), so what was seen there says nothing about the agent. Seen: ${judgement.explanation}`,
    { value: touched.length, limit: 0, unit: 'files touched', source: 'stat' },
  );
}
