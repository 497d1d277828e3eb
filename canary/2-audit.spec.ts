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
import { SoakPhase } from '../helpers/steps/phases/soak-phase.ts';

const { settings } = canaryRun();
const phase = new SoakPhase('audit');

section('audit', () => {
  criterion('audit.positive-control', () => phase.filesAreReadable());
  criterion('audit.rules', () => phase.seedRules());
  criterion('audit.ready', () => phase.start());
  criterion('audit.decision', () => phase.decision());
  criterion('audit.negative-control', () => phase.fileBesideIsFree());
  criterion('audit.soak', () => phase.soak(ranInFull), {
    timeoutSeconds: settings.DURATION_SECONDS + settings.SETTLE_SECONDS + 600,
  });
  criterion('audit.release', () => phase.release());
  criterion('audit.stop', () => phase.stop());

  criterion('audit.alive', () => phase.ofLife());
  criterion('audit.samples', () => phase.ofSoak(samplesComplete));
  criterion('audit.total-decisions', () => phase.ofSoak((soak) => totalDecisions(soak, settings)));
  criterion('audit.ringbuf-drops', () => phase.ofSoak((soak) => ringbufDrops(soak, settings)));
  criterion('audit.event-drop-ratio', () => phase.ofSoak((soak) => eventDropRatio(soak, settings)));
  criterion('audit.rss-growth', () => phase.ofSoak((soak) => rssGrowth(soak, settings)));
  criterion('audit.nothing-denied', () => phase.ofSoak(nothingDenied));
  criterion('audit.actions', () => phase.ofWhole(actionsAsDocumented));
  criterion('audit.accounting', () => phase.ofSoak(accountingCloses));
  criterion('audit.event-fields', () => phase.ofSoak(eventsTellTheTruth));
  criterion('audit.counters', () => phase.ofSoak(countersAgree));
  criterion('audit.operations', () => phase.ofSoak(operationsAccounted));
  criterion('audit.network', () => phase.ofSoak(networkAccounted));
  criterion('audit.state-changes', () => phase.ofWhole(noUnexpectedStateChange));
  criterion('audit.review-notes', () => phase.reviewNotes());

  afterAll(() => phase.cleanUp());
});
