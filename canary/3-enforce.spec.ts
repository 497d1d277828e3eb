import { afterAll } from 'vitest';
import { accountingCloses, signalsEqualDenials } from '../helpers/soak/accounting.ts';
import { countersAgree } from '../helpers/soak/counters-agree.ts';
import { headroomSeconds } from '../helpers/soak/headroom.ts';
import {
  actionsAsDocumented,
  noMissedDenial,
  noUnexpectedStateChange,
  ranInFull,
  samplesComplete,
} from '../helpers/soak/invariants.ts';
import { networkAccounted, operationsAccounted } from '../helpers/soak/side-accounting.ts';
import {
  eventDropRatio,
  ringbufDrops,
  rssGrowth,
  totalDecisions,
} from '../helpers/soak/thresholds.ts';
import { eventsTellTheTruth } from '../helpers/soak/witness.ts';
import { canaryRun } from '../helpers/steps/canary-run.ts';
import { criterion, section } from '../helpers/steps/criterion.ts';
import { RestartUnderLoad } from '../helpers/steps/drill/restart.ts';
import { askedParts } from '../helpers/steps/phases/asked-parts.ts';
import { SoakPhase } from '../helpers/steps/phases/soak-phase.ts';

const { settings } = canaryRun();
const asked = askedParts(settings);
const phase = new SoakPhase('enforce');
const restart = new RestartUnderLoad();

section('enforce', ['preconditions', 'preflight'], () => {
  criterion(
    'enforce.positive-control',
    'the probe files can be read before there is any rule',
    () => phase.filesAreReadable(),
  );
  criterion(
    'enforce.rules',
    'the deny rules are seeded before the enforce start',
    () => phase.seedRules(),
    { needs: ['enforce.positive-control'] },
  );
  criterion('enforce.ready', 'the agent starts in enforce mode and is ready', () => phase.start(), {
    needs: ['enforce.rules'],
  });
  criterion(
    'enforce.decision',
    'an open of the denied file is refused with EPERM, signalled and recorded',
    () => phase.decision(),
    { needs: ['enforce.ready'] },
  );
  criterion(
    'enforce.ordinary-program',
    'an ordinary program that opens it is ended by ENFORCE_SIGNAL',
    () => phase.ordinaryProgramIsEnded(),
    { needs: ['enforce.ready'] },
  );
  criterion(
    'enforce.negative-control',
    'a file beside it is read without a decision',
    () => phase.fileBesideIsFree(),
    { needs: ['enforce.ready'] },
  );
  criterion(
    'enforce.soak',
    'the soak runs for DURATION_SECONDS in enforce mode',
    () => phase.soak(ranInFull),
    {
      needs: ['enforce.ready'],
      timeoutSeconds: settings.DURATION_SECONDS + settings.SETTLE_SECONDS + 600,
    },
  );
  criterion(
    'enforce.headroom',
    'the highest rate of decisions without a drop is known',
    () => phase.headroom(),
    { needs: ['enforce.soak'], askedBy: asked.headroom, timeoutSeconds: headroomSeconds(settings) },
  );
  criterion(
    'enforce.release',
    'the probe file is free after its rule is removed',
    () => phase.release(),
    { needs: ['enforce.ready'] },
  );
  criterion('enforce.stop', 'the agent stops on SIGINT with exit code 0', () => phase.stop(), {
    needs: ['enforce.ready'],
  });
  criterion(
    'enforce.after-stop',
    'the soak file is free while no agent runs',
    () => phase.fileIsFreeAfterStop(),
    { needs: ['enforce.stop'] },
  );

  criterion(
    'enforce.alive',
    'the agent lived through the soak, alone and in one life',
    () => phase.ofLife(),
    { needs: ['enforce.ready'] },
  );
  criterion(
    'enforce.samples',
    'the metrics could be read throughout the soak',
    () => phase.ofSoak(samplesComplete),
    { needs: ['enforce.ready'] },
  );
  criterion(
    'enforce.total-decisions',
    'at least MIN_TOTAL_DECISIONS decisions were made',
    () => phase.ofSoak((soak) => totalDecisions(soak, settings)),
    { needs: ['enforce.ready'] },
  );
  criterion(
    'enforce.ringbuf-drops',
    'ring-buffer drops stay within MAX_RINGBUF_DROPS',
    () => phase.ofSoak((soak) => ringbufDrops(soak, settings)),
    { needs: ['enforce.ready'] },
  );
  criterion(
    'enforce.event-drop-ratio',
    'the event drop ratio stays within MAX_EVENT_DROP_RATIO_PCT',
    () => phase.ofSoak((soak) => eventDropRatio(soak, settings)),
    { needs: ['enforce.ready'] },
  );
  criterion(
    'enforce.rss-growth',
    'the agent’s memory growth stays within MAX_RSS_GROWTH_KB',
    () => phase.ofSoak((soak) => rssGrowth(soak, settings)),
    { needs: ['enforce.ready'] },
  );
  criterion(
    'enforce.no-missed-denial',
    'no open of the denied file went through',
    () => phase.ofSoak(noMissedDenial),
    { needs: ['enforce.ready'] },
  );
  criterion(
    'enforce.signals',
    'as many signals arrived as opens were denied',
    () => phase.ofSoak(signalsEqualDenials),
    { needs: ['enforce.ready'] },
  );
  criterion(
    'enforce.actions',
    'every event says the action of ENFORCE_SIGNAL and can be read',
    () => phase.ofWhole(actionsAsDocumented),
    { needs: ['enforce.ready'] },
  );
  criterion(
    'enforce.accounting',
    'accounting closes: opens, decisions, event lines and drops agree',
    () => phase.ofSoak(accountingCloses),
    { needs: ['enforce.ready'] },
  );
  criterion(
    'enforce.event-fields',
    'every event line of ours tells what we know of ourselves',
    () => phase.ofSoak(eventsTellTheTruth),
    { needs: ['enforce.ready'] },
  );
  criterion(
    'enforce.counters',
    'every counter of our work tells the number that we counted, whichever way it is asked',
    () => phase.ofSoak(countersAgree),
    { needs: ['enforce.ready'] },
  );
  criterion(
    'enforce.operations',
    'every other way to a denied file is refused too, and accounted for',
    () => phase.ofSoak(operationsAccounted),
    { needs: ['enforce.ready'], askedBy: asked.operations },
  );
  criterion(
    'enforce.network',
    'connects to a denied address are refused, and accounted for',
    () => phase.ofSoak(networkAccounted),
    { needs: ['enforce.ready'], askedBy: asked.network },
  );
  criterion(
    'enforce.state-changes',
    'the agent reported no degradation and no error',
    () => phase.ofWhole(noUnexpectedStateChange),
    { needs: ['enforce.ready'] },
  );
  criterion(
    'enforce.review-notes',
    'the blocked-event review is written',
    () => phase.reviewNotes(),
    { needs: ['enforce.ready'] },
  );

  criterion(
    'enforce.restart',
    'an orderly restart under load: enforcement returns after one measured gap',
    () => restart.inOrder(),
    { needs: ['enforce.decision', 'enforce.stop'] },
  );
  criterion(
    'enforce.crash',
    'after a SIGKILL under load rules and counters go on and enforcement returns',
    () => restart.afterCrash(),
    { needs: ['enforce.restart'] },
  );

  afterAll(async () => {
    await phase.cleanUp();
    await restart.cleanUp();
  });
});
