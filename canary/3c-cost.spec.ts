import { canaryRun, criterion, section } from 'aegisbpf-canary';
import { afterAll } from 'vitest';
import { OWN_FIGURE_NAMES } from '../helpers/cost/own-figures.ts';
import { PIECE_NAMES } from '../helpers/cost/pieces.ts';
import { CostPhase } from '../helpers/steps/phases/cost-phase.ts';
import { PreviousVersion } from '../helpers/steps/phases/cost-previous.ts';
import { CostSubjects } from '../helpers/steps/phases/cost-subjects.ts';
import { reviewNotes } from '../helpers/steps/phases/review-notes.ts';

const run = canaryRun();
const subjects = new CostSubjects(run);
const cost = new CostPhase(run, subjects);
const previous = new PreviousVersion(run, cost);

section('cost', () => {
  criterion('cost.rules', () => subjects.seedRules());
  criterion('cost.blocks', () => cost.measure());
  for (const mode of ['audit', 'enforce'] as const) {
    for (const piece of PIECE_NAMES)
      criterion(`cost.${mode}.${piece}`, () => cost.piece(mode, piece));
    criterion(`cost.${mode}.command`, () => cost.command(mode));
  }
  criterion('cost.removed', () => subjects.removeRules());
  criterion('cost.review-notes', () => reviewNotes(run, 'cost', cost.streams, subjects.names()));

  afterAll(() => cost.cleanUp());
});

section('previous', () => {
  criterion('previous.blocks', () => previous.compare());
  for (const piece of PIECE_NAMES) criterion(`previous.${piece}`, () => previous.figure(piece));
  criterion('previous.command', () => previous.figure('command'));
  for (const figure of OWN_FIGURE_NAMES)
    criterion(`previous.${figure}`, () => previous.figure(figure));
  criterion('previous.decisions', () => previous.figure('decisions'));
  criterion('previous.drops', () => previous.figure('drops'));
  criterion('previous.decision-cpu', () => previous.figure('decision-cpu'));
  criterion('previous.object-size', () => previous.objectSize());
  criterion('previous.features', () => previous.features());
});
