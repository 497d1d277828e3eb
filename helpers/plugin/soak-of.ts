import type { Labels } from '../agent/contract/exposition.ts';
import { readScrape, type Scrape } from '../agent/scrape.ts';
import { noEvidence } from '../criteria/judgement.ts';
import type { RunDirectory } from '../evidence/run-directory.ts';
import type { Figure } from '../settings/thresholds.ts';
import { scrapeDelta } from '../soak/counters.ts';
import { type SoakResult, soakResult } from '../soak/result.ts';
import { type Sample, sampleOf } from '../soak/sample.ts';
import { canaryRun } from '../steps/canary-run.ts';

/** A soak of this run, as its files tell it. */
export class SoakEvidence {
  /** `soak.json`: attempts, decisions, drops, memory, and whether it ended early. */
  readonly result: SoakResult;
  readonly #directory: RunDirectory;

  /** @throws JudgementError (inconclusive) where the run has no soak of this mode. */
  constructor(mode: 'audit' | 'enforce', directory: RunDirectory) {
    const source = `${mode}/soak.json`;
    if (!directory.has(source))
      throw noEvidence(`this run has no soak in ${mode} mode`, { source });
    this.result = directory.readJson(source, soakResult);
    this.#directory = directory;
  }

  /** The samples of the agent, one each SAMPLE_INTERVAL_SECONDS, in their order. */
  get samples(): readonly Sample[] {
    const { values } = this.#directory.lines(`${this.result.mode}/samples.ndjson`);
    return values.flatMap((value) => sampleOf(JSON.stringify(value)) ?? []);
  }

  /**
   * By how much a counter grew from before the soak to its end.
   * @param labels of one series; all series of the family together where absent.
   * @returns unknown, with the reason, where a scrape lacks the family or the series, or it went backwards.
   */
  delta(family: string, labels?: Labels): Figure {
    const [before, after] = [
      this.#scrape('metrics-before.prom'),
      this.#scrape('metrics-after.prom'),
    ];
    return scrapeDelta({ before, after }, [family], labels);
  }

  #scrape(name: string): Scrape {
    const source = `${this.result.mode}/${name}`;
    if (this.#directory.has(source)) return readScrape(this.#directory.readText(source), source);
    return { ok: false, reason: 'the file is not there', text: '', source };
  }
}

/** The soak of this run in a mode. @throws JudgementError (inconclusive) where there is none. */
export const soakOf = (mode: 'audit' | 'enforce'): SoakEvidence =>
  new SoakEvidence(mode, canaryRun().directory);
