import type { ProvidedRun } from '../helpers/canary-run.ts';
import type { FinalStatus } from '../helpers/evidence/final-status.ts';
import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';

const RULE = '─'.repeat(78);

/** What a run's status means for the person who asked. */
function answer(status: FinalStatus): string {
  switch (status.status) {
    case 'pass':
      return 'PASS: every criterion that was asked for held.';
    case 'rehearsal: all checks green':
      return 'REHEARSAL, all checks green. This says nothing about a real agent.';
    case 'fail':
      return 'FAIL: do not ship.';
    case 'inconclusive':
      return 'INCONCLUSIVE: evidence is missing; this is not a pass.';
    case 'rehearsal: fail':
      return 'REHEARSAL, FAIL.';
    case 'rehearsal: inconclusive':
      return 'REHEARSAL, INCONCLUSIVE.';
  }
}

const cut = (text: string, length: number) => {
  const oneLine = text.replace(/\s+/g, ' ');
  return oneLine.length > length ? `${oneLine.slice(0, length - 1)}…` : oneLine;
};

/** The final status for a terminal, a CI log and the change ticket: plain text, one screen. */
export function statusScreen(
  status: FinalStatus,
  run: Pick<ProvidedRun, 'rehearsal' | 'asked' | 'candidatePath' | 'candidateSha256'> & {
    hostname: string;
  },
  records: readonly CriterionRecord[],
  path: string,
): string {
  const passed = records.filter(({ verdict }) => verdict === 'pass').length;
  const judged = status.open.filter(({ verdict }) => verdict !== 'skipped');
  const skipped = status.open.length - judged.length;
  const findings = records.flatMap((record) => record.findings ?? []);
  const lines = [
    RULE,
    ` AegisBPF staging canary: ${answer(status)}`,
    RULE,
    ...(run.rehearsal.length > 0 ? [` rehearsal   ${cut(run.rehearsal.join('; '), 300)}`] : []),
    ` asked for   ${run.asked.join(', ')}`,
    ` candidate   ${run.candidatePath}`,
    ` SHA-256     ${run.candidateSha256 ?? 'unknown'}`,
    ` host        ${run.hostname}`,
    ` criteria    ${passed} passed, ${judged.length} not, ${skipped + status.missing.length} not judged`,
    ...judged
      .slice(0, 12)
      .map(
        (record) =>
          `   ${record.verdict === 'fail' ? 'FAIL        ' : 'INCONCLUSIVE'} ${record.title}\n                ${cut(record.explanation, 400)}`,
      ),
    ...(judged.length > 12 ? [`   … and ${judged.length - 12} more in summary.json`] : []),
    ...(status.missing.length > 0
      ? [`   NOT JUDGED   ${cut(status.missing.join(', '), 300)}`]
      : []),
    ...(findings.length > 0
      ? [
          ' findings',
          ...findings.map(
            (finding) =>
              `   ${finding.severity}: ${cut(finding.title, 200)} (${finding.reference ?? 'no reference'})`,
          ),
        ]
      : []),
    ` evidence    ${path}`,
    RULE,
  ];
  return `${lines.join('\n')}\n`;
}
