import { afterAll } from 'vitest';
import { accountingCloses } from '../helpers/soak/accounting.ts';
import { countersAgree } from '../helpers/soak/counters-agree.ts';
import {
  actionsAsDocumented,
  nothingDenied,
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
import { askedParts } from '../helpers/steps/phases/asked-parts.ts';
import { SoakPhase } from '../helpers/steps/phases/soak-phase.ts';

const { settings } = canaryRun();
const asked = askedParts(settings);
const phase = new SoakPhase('audit');

section('audit', ['preconditions', 'preflight'], () => {
  criterion('audit.positive-control', 'the probe files can be read before there is any rule', () =>
    phase.filesAreReadable(),
  );
  criterion(
    'audit.rules',
    'the deny rules are seeded before the audit start',
    () => phase.seedRules(),
    { needs: ['audit.positive-control'] },
  );
  criterion('audit.ready', 'the agent starts in audit mode and is ready', () => phase.start(), {
    needs: ['audit.rules'],
  });
  criterion(
    'audit.decision',
    'an open of the denied file is allowed and recorded as AUDIT',
    () => phase.decision(),
    { needs: ['audit.ready'] },
  );
  criterion(
    'audit.negative-control',
    'a file beside it is read without a decision',
    () => phase.fileBesideIsFree(),
    { needs: ['audit.ready'] },
  );
  criterion(
    'audit.soak',
    'the soak runs for DURATION_SECONDS in audit mode',
    () => phase.soak(ranInFull),
    {
      needs: ['audit.ready'],
      timeoutSeconds: settings.DURATION_SECONDS + settings.SETTLE_SECONDS + 600,
    },
  );
  criterion(
    'audit.release',
    'the probe file is free after its rule is removed',
    () => phase.release(),
    { needs: ['audit.ready'] },
  );
  criterion('audit.stop', 'the agent stops on SIGINT with exit code 0', () => phase.stop(), {
    needs: ['audit.ready'],
  });

  criterion(
    'audit.alive',
    'the agent lived through the soak, alone and in one life',
    () => phase.ofLife(),
    { needs: ['audit.ready'] },
  );
  criterion(
    'audit.samples',
    'the metrics could be read throughout the soak',
    () => phase.ofSoak(samplesComplete),
    { needs: ['audit.ready'] },
  );
  criterion(
    'audit.total-decisions',
    'at least MIN_TOTAL_DECISIONS decisions were made',
    () => phase.ofSoak((soak) => totalDecisions(soak, settings)),
    { needs: ['audit.ready'] },
  );
  criterion(
    'audit.ringbuf-drops',
    'ring-buffer drops stay within MAX_RINGBUF_DROPS',
    () => phase.ofSoak((soak) => ringbufDrops(soak, settings)),
    { needs: ['audit.ready'] },
  );
  criterion(
    'audit.event-drop-ratio',
    'the event drop ratio stays within MAX_EVENT_DROP_RATIO_PCT',
    () => phase.ofSoak((soak) => eventDropRatio(soak, settings)),
    { needs: ['audit.ready'] },
  );
  criterion(
    'audit.rss-growth',
    'the agent’s memory growth stays within MAX_RSS_GROWTH_KB',
    () => phase.ofSoak((soak) => rssGrowth(soak, settings)),
    { needs: ['audit.ready'] },
  );
  criterion(
    'audit.nothing-denied',
    'nothing was denied and nothing was terminated',
    () => phase.ofSoak(nothingDenied),
    { needs: ['audit.ready'] },
  );
  criterion(
    'audit.actions',
    'every event says AUDIT and can be read',
    () => phase.ofWhole(actionsAsDocumented),
    { needs: ['audit.ready'] },
  );
  criterion(
    'audit.accounting',
    'accounting closes: opens, decisions, event lines and drops agree',
    () => phase.ofSoak(accountingCloses),
    { needs: ['audit.ready'] },
  );
  criterion(
    'audit.event-fields',
    'every event line of ours tells what we know of ourselves',
    () => phase.ofSoak(eventsTellTheTruth),
    { needs: ['audit.ready'] },
  );
  criterion(
    'audit.counters',
    'every counter of our work tells the number that we counted, whichever way it is asked',
    () => phase.ofSoak(countersAgree),
    { needs: ['audit.ready'] },
  );
  criterion(
    'audit.operations',
    'every other way to a denied file is recorded too, and accounted for',
    () => phase.ofSoak(operationsAccounted),
    { needs: ['audit.ready'], askedBy: asked.operations },
  );
  criterion(
    'audit.network',
    'connects to a denied address are recorded, and accounted for',
    () => phase.ofSoak(networkAccounted),
    { needs: ['audit.ready'], askedBy: asked.network },
  );
  criterion(
    'audit.state-changes',
    'the agent reported no degradation and no error',
    () => phase.ofWhole(noUnexpectedStateChange),
    { needs: ['audit.ready'] },
  );
  criterion(
    'audit.review-notes',
    'the false-positive review notes are written',
    () => phase.reviewNotes(),
    { needs: ['audit.ready'] },
  );

  afterAll(() => phase.cleanUp());
});
