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
import { SoakPhase } from '../helpers/steps/phases/soak-phase.ts';

const { settings } = canaryRun();
const phase = new SoakPhase('enforce');
const restart = new RestartUnderLoad();

section('enforce', () => {
  criterion('enforce.positive-control', () => phase.filesAreReadable());
  criterion('enforce.rules', () => phase.seedRules());
  criterion('enforce.ready', () => phase.start());
  criterion('enforce.decision', () => phase.decision());
  criterion('enforce.ordinary-program', () => phase.ordinaryProgramIsEnded());
  criterion('enforce.negative-control', () => phase.fileBesideIsFree());
  criterion('enforce.soak', () => phase.soak(ranInFull), {
    timeoutSeconds: settings.DURATION_SECONDS + settings.SETTLE_SECONDS + 600,
  });
  criterion('enforce.headroom', () => phase.headroom(), {
    timeoutSeconds: headroomSeconds(settings),
  });
  criterion('enforce.release', () => phase.release());
  criterion('enforce.stop', () => phase.stop());
  criterion('enforce.after-stop', () => phase.fileIsFreeAfterStop());

  criterion('enforce.alive', () => phase.ofLife());
  criterion('enforce.samples', () => phase.ofSoak(samplesComplete));
  criterion('enforce.total-decisions', () =>
    phase.ofSoak((soak) => totalDecisions(soak, settings)),
  );
  criterion('enforce.ringbuf-drops', () => phase.ofSoak((soak) => ringbufDrops(soak, settings)));
  criterion('enforce.event-drop-ratio', () =>
    phase.ofSoak((soak) => eventDropRatio(soak, settings)),
  );
  criterion('enforce.rss-growth', () => phase.ofSoak((soak) => rssGrowth(soak, settings)));
  criterion('enforce.no-missed-denial', () => phase.ofSoak(noMissedDenial));
  criterion('enforce.signals', () => phase.ofSoak(signalsEqualDenials));
  criterion('enforce.actions', () => phase.ofWhole(actionsAsDocumented));
  criterion('enforce.accounting', () => phase.ofSoak(accountingCloses));
  criterion('enforce.event-fields', () => phase.ofSoak(eventsTellTheTruth));
  criterion('enforce.counters', () => phase.ofSoak(countersAgree));
  criterion('enforce.operations', () => phase.ofSoak(operationsAccounted));
  criterion('enforce.network', () => phase.ofSoak(networkAccounted));
  criterion('enforce.state-changes', () => phase.ofWhole(noUnexpectedStateChange));
  criterion('enforce.review-notes', () => phase.reviewNotes());

  criterion('enforce.restart', () => restart.inOrder());
  criterion('enforce.crash', () => restart.afterCrash());

  afterAll(async () => {
    await phase.cleanUp();
    await restart.cleanUp();
  });
});
