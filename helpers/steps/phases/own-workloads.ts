import { WORKLOAD_SECTION } from '../../criteria/catalogue.ts';
import { judgedAs } from '../criterion.ts';
import type { SoakPhase } from './soak-phase.ts';

const idOf = (name: string, what: string) => `${WORKLOAD_SECTION}.${name}.${what}`;

/** Of each workload by code: it works before there is a rule or an agent. */
export function workloadsWork({ mode, workloads }: SoakPhase): void {
  for (const one of workloads)
    judgedAs(
      {
        id: idOf(one.name, `before-${mode}`),
        section: WORKLOAD_SECTION,
        title: `the workload ${one.name} works without the agent, before ${mode}`,
        needs: ['preconditions', 'preflight'],
        phases: [mode],
        withoutFiles: true,
      },
      () => one.begin(),
    );
}

/** And it has worked until now, when no agent runs any more. */
export function workloadsWorked({ mode, workloads }: SoakPhase): void {
  for (const one of workloads)
    judgedAs(
      {
        id: idOf(one.name, mode),
        section: WORKLOAD_SECTION,
        title: `the workload ${one.name} works beside the agent in ${mode} mode as it does without it`,
        needs: ['preconditions', `${mode}.ready`, idOf(one.name, `before-${mode}`)],
        phases: [mode],
        withoutFiles: true,
        evidence: [`${mode}/workload-${one.name}.log`],
      },
      () => one.judge(),
    );
}
