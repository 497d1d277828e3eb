/**
 * Every criterion of the runbook, by section and in order. The exit criteria count on this list:
 * a test that was filtered out, or never ran, is missing evidence and not a pass.
 */
export const RUNBOOK = {
  preconditions: [
    'preconditions.mirrors-production',
    'preconditions.bpf-lsm',
    'preconditions.kernel-filesystems',
    'preconditions.candidate-binary',
    'preconditions.candidate-version',
    'preconditions.no-service',
    'preconditions.no-other-instance',
    'preconditions.no-break-glass',
    'preconditions.probe-filesystem',
  ],
  preflight: ['preflight.health', 'preflight.emergency', 'preflight.rules'],
  audit: [
    'audit.positive-control',
    'audit.rules',
    'audit.ready',
    'audit.decision',
    'audit.negative-control',
    'audit.soak',
    'audit.release',
    'audit.stop',
    'audit.alive',
    'audit.samples',
    'audit.total-decisions',
    'audit.ringbuf-drops',
    'audit.event-drop-ratio',
    'audit.rss-growth',
    'audit.nothing-denied',
    'audit.actions',
    'audit.accounting',
    'audit.operations',
    'audit.network',
    'audit.state-changes',
    'audit.review-notes',
  ],
  enforce: [
    'enforce.positive-control',
    'enforce.rules',
    'enforce.ready',
    'enforce.decision',
    'enforce.ordinary-program',
    'enforce.negative-control',
    'enforce.soak',
    'enforce.headroom',
    'enforce.release',
    'enforce.stop',
    'enforce.after-stop',
    'enforce.alive',
    'enforce.samples',
    'enforce.total-decisions',
    'enforce.ringbuf-drops',
    'enforce.event-drop-ratio',
    'enforce.rss-growth',
    'enforce.no-missed-denial',
    'enforce.signals',
    'enforce.actions',
    'enforce.accounting',
    'enforce.operations',
    'enforce.network',
    'enforce.state-changes',
    'enforce.review-notes',
  ],
  rollback: [
    'rollback.restorable',
    'rollback.baseline',
    'rollback.candidate',
    'rollback.controlled-failure',
    'rollback.rolled-back',
    'rollback.record',
    'rollback.health',
    'rollback.metrics',
    'rollback.removed',
  ],
  exit: [
    'exit.preconditions',
    'exit.audit',
    'exit.enforce',
    'exit.thresholds',
    'exit.false-positives',
    'exit.rollback',
    'exit.same-candidate',
    'exit.host-as-found',
  ],
} as const;

export type Section = keyof typeof RUNBOOK;
export type CriterionId = (typeof RUNBOOK)[Section][number];

export const SECTION_TITLES: Readonly<Record<Section, string>> = {
  preconditions: 'Preconditions',
  preflight: 'Preflight',
  audit: 'Phase 1: audit canary',
  enforce: 'Phase 2: enforce canary',
  rollback: 'Rollback drill',
  exit: 'Exit criteria',
};

export function sectionOf(id: CriterionId): Section {
  return id.slice(0, id.indexOf('.')) as Section;
}
