import type { ProvidedContext } from 'vitest';
import type { Plugin } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { askedPhases, type Settings } from '../settings/settings.ts';

/** A reporter of ours by its path, and what it is told. */
export type OwnReporter = readonly [path: string, options: Record<string, unknown>];

/**
 * Holds two things against vitest's command line: `--reporter` adds to the reporters that write the evidence
 * and does not replace them, and `vitest list` runs the specs' declarations, for a parser that only reads their
 * text finds no test in them.
 */
export function heldToTheRunbook(evidence: readonly OwnReporter[]): Plugin {
  return {
    name: 'aegisbpf-canary',
    configureVitest({ vitest }) {
      const { reporters } = vitest.config;
      const there = new Set(reporters.map((one) => (Array.isArray(one) ? one[0] : undefined)));
      for (const [path, options] of evidence) if (!there.has(path)) reporters.push([path, options]);
      const collect = vitest.collect.bind(vitest);
      vitest.collect = (filters, options) =>
        collect(filters, { staticParse: false, ...given(options) });
    },
  };
}

const given = (options: object = {}) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/** What specs are told that are only listed: none of their steps is run, and nothing is written. */
export function onlyListed(settings: Settings): Partial<ProvidedContext> {
  const { AEGIS_BIN: candidatePath } = settings;
  const run = { runId: 'listed', runDirectory: '', rehearsal: [], rejudge: false, candidatePath };
  const asked = askedPhases(settings);
  return { settings, canaryRun: { ...run, asked, candidateSha256: undefined } };
}

/** Runs the spec files in the order in which the configuration names them. */
export class RunbookOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification) =>
      project.getProvidedContext().specs.indexOf(moduleId);
    return [...files].sort((a, b) => place(a) - place(b));
  }
}
