import type { RunDirectory } from '../helpers/evidence/run-directory.ts';
import type { RunRecord } from '../helpers/evidence/run-record.ts';
import { CHARTS_FOLDER, charts } from './charts/charts.ts';
import { RunReport } from './report-step.ts';

/** Draws the soaks. Before the other documents in the list of reporters, for they refer to it. */
export default class ChartsReporter extends RunReport {
  protected override readonly title = 'charts';

  protected override write(run: RunRecord, directory: RunDirectory): void {
    for (const [name, svg] of charts(run, directory.path)) {
      directory.directory(CHARTS_FOLDER);
      directory.writeText(`${CHARTS_FOLDER}/${name}`, svg);
    }
  }
}
