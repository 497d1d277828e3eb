import { statSync } from 'node:fs';
import type { Capabilities } from '../../agent/contract/capabilities.ts';
import type { AgainstPrevious } from '../../cost/result.ts';
import { fail, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import type { HashedFile } from '../../evidence/run-record.ts';

/** What is compared once and not block by block: a line for the reports, and how it is judged. */
export interface Compared {
  readonly line: AgainstPrevious;
  readonly judge: () => Judgement;
}

/** Everything that a version says it can do here, by its name in the capability report. */
function promisesOf({ features, hooks, requirements_met }: Capabilities): ReadonlySet<string> {
  const named = Object.entries({ features, hooks, requirements_met }).flatMap(([part, flags]) =>
    Object.entries(flags).flatMap(([name, isThere]) => (isThere ? [`${part}.${name}`] : [])),
  );
  return new Set(named);
}

const listed = (names: ReadonlySet<string>) => [...names].join(', ');

/** What the one version promises on this host and the other does not. */
export function comparePromises(candidate: Capabilities, previous: Capabilities): Compared {
  const [now, before] = [promisesOf(candidate), promisesOf(previous)];
  const [lost, added] = [before.difference(now), now.difference(before)];
  const news = added.size === 0 ? 'nothing is new' : `new: ${listed(added)}`;
  const detail = `${lost.size === 0 ? 'nothing is lost' : `lost: ${listed(lost)}`}; ${news}`;
  const line: AgainstPrevious = {
    ...{ metric: 'features', figure: 'promises', candidate: now.size, previous: before.size },
    ...{ verdict: lost.size > 0 ? 'worse' : added.size > 0 ? 'better' : 'same', detail },
  };
  const source = 'capabilities.json of the first life in enforce mode of each';
  const measured = { value: lost.size, limit: 0, unit: 'promises lost', source };
  const judge = () =>
    lost.size > 0
      ? fail(`the previous version promises more on this host; ${detail}`, measured)
      : pass(`the candidate promises all that the previous version does; ${detail}`, measured);
  return { line, judge };
}

/** The size of what each version loads into the kernel, where that is known. */
export function compareObjects(
  candidate: readonly HashedFile[],
  previous: readonly HashedFile[],
  limit: number,
): Compared {
  const line = { metric: 'object-size', figure: 'bytes', limit } as const;
  const [[now], [before]] = [candidate, previous];
  const isKnown = candidate.length === 1 && previous.length === 1;
  if (!isKnown || now === undefined || before === undefined) {
    const detail = `of the candidate ${candidate.length} and of the previous version ${previous.length} BPF objects may be the one that is loaded; AEGIS_BPF_OBJ and AEGIS_BPF_OBJ_PREVIOUS name them`;
    const judge = () => {
      throw noEvidence(detail);
    };
    return { line: { ...line, verdict: 'no data', detail }, judge };
  }
  const [size, was] = [statSync(now.path).size, statSync(before.path).size];
  const ratio = size / was;
  const verdict = ratio > limit ? 'worse' : ratio < 1 / limit ? 'better' : 'same';
  const same = now.path === before.path ? ': both load the same file' : '';
  const detail = `${size} bytes in ${now.path}, ${was} in ${before.path}${same}`;
  const measured = { value: Number(ratio.toFixed(3)), limit, unit: 'candidate/previous' };
  const judge = () =>
    ratio > limit
      ? fail(`the candidate's BPF object is larger: ${detail}`, { ...measured, source: now.path })
      : pass(detail, { ...measured, source: now.path });
  return { line: { ...line, candidate: size, previous: was, ratio, verdict, detail }, judge };
}
