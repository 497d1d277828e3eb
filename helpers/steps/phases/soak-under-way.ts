import type { Mode } from '../../agent/daemon-options.ts';
import { noEvidence } from '../../criteria/judgement.ts';
import { mustGoOn, Waiters } from '../../criteria/step-signal.ts';
import type { Check } from '../criterion.ts';

/** The deadline of the step comes first. */
const FOR_EVER_MS = 2 ** 31 - 1;

/** A soak as others see it that go on beside it. */
export class SoakUnderWay {
  readonly mode: Mode;
  readonly #waiters = new Waiters();
  #state: 'to come' | 'goes on' | 'is over' = 'to come';

  constructor(mode: Mode) {
    this.mode = mode;
  }

  begins(): void {
    this.#state = 'goes on';
    this.#waiters.wake();
  }

  ends(): void {
    this.#state = 'is over';
    this.#waiters.wake();
  }

  /** The check, begun when the soak has begun. What has not passed by its end did not pass during it. */
  during(check: Check): Check {
    return async () => {
      await this.#waiters.until(() => this.#state !== 'to come', FOR_EVER_MS);
      mustGoOn();
      const { mode } = this;
      if (this.#state === 'is over')
        throw noEvidence(
          `the soak in ${mode} mode was over before this could begin; raise DURATION_SECONDS`,
        );
      const judgement = await check();
      if (judgement.verdict !== 'pass' || this.#state === 'goes on') return judgement;
      throw noEvidence(
        `the soak in ${mode} mode was over before this had passed, so it shows nothing of it: ${judgement.explanation}; raise DURATION_SECONDS`,
      );
    };
  }
}
