import type { RunDirectory } from '../helpers/evidence/run-directory.ts';
import type { RunRecord } from '../helpers/evidence/run-record.ts';
import { CHARTS_FOLDER, charts } from './charts/charts.ts';
import { COST_CHART, costChart } from './charts/cost-chart.ts';
import { EARLIER_RUNS_CHART, earlierRunsChart } from './charts/earlier-runs-chart.ts';
import { RunReport } from './report-step.ts';

/** Draws the soaks, the costs and the figures of earlier runs. Before the other documents in the list of reporters, for they refer to it. */
export default class ChartsReporter extends RunReport {
  protected override readonly title = 'charts';

  protected override write(run: RunRecord, directory: RunDirectory): void {
    const others = [
      [COST_CHART, costChart(run, directory.path)],
      [EARLIER_RUNS_CHART, earlierRunsChart(run, directory.path)],
    ] as const;
    const drawn = [
      ...charts(run, directory.path),
      ...others.flatMap(([name, svg]) => (svg === undefined ? [] : [[name, svg] as const])),
    ];
    for (const [name, svg] of drawn) {
      directory.directory(CHARTS_FOLDER);
      directory.writeText(`${CHARTS_FOLDER}/${name}`, svg);
    }
  }
}
