import { dirname, join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  type CriterionId,
  type Entry,
  entryOf,
  SECTIONS,
  sectionNameOf,
  sectionTitle,
  WORKLOAD_SECTION,
} from '../criteria/catalogue.ts';
import type { Settings } from '../settings/settings.ts';
import { canaryRun } from './canary-run.ts';
import { type Check, describedAs, judgedAs, type Running } from './criterion.ts';
import type { SoakUnderWay } from './phases/soak-under-way.ts';

/** What a criterion of a team's own says of itself besides its id. */
export interface OwnEntry extends Pick<Entry, 'title' | 'needs' | 'phases' | 'evidence'> {
  /** How long its check may take, besides the agent's commands; 300 where absent. */
  readonly timeoutSeconds?: number;
}

const NAME = /^[a-z][a-z0-9-]*$/;
const ID = /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$/;

/** The soak that what is declared now is judged during. */
let during: SoakUnderWay | undefined;

/** What these declarations make is judged during a soak. Specs are collected one after the other. */
export async function declaredDuring(soak: SoakUnderWay, declare: () => Promise<unknown>) {
  during = soak;
  try {
    await declare();
  } finally {
    during = undefined;
  }
}

const RUNBOOK = join(import.meta.dirname, '../../canary');

/** Whether the runbook's own specs declare now. */
const ofRunbook = () =>
  during === undefined && dirname(expect.getState().testPath ?? '') === RUNBOOK;

const isReserved = (section: string) => section in SECTIONS || section === WORKLOAD_SECTION;

function refuseReserved(section: string): void {
  if (isReserved(section))
    throw new Error(`${section} is a section of the runbook; give yours a name of its own`);
}

/**
 * A section: one group of tests, and one suite in JUnit.
 * @param name begins the id of each of its criteria: lower-case letters, digits and dashes, a letter first.
 * @throws Error where the name is one of the runbook's and the spec is not, or is of another form.
 */
export function section(name: string, body: () => void): void {
  if (isReserved(name) && ofRunbook()) {
    describedAs(sectionTitle(name), body);
    return;
  }
  refuseReserved(name);
  if (!NAME.test(name))
    throw new Error(
      `${JSON.stringify(name)} cannot name a section: use letters like those of "backups"`,
    );
  const soak = during;
  if (soak === undefined) describedAs(name, body);
  // Its body is read later than this line. What the soak knows of its files is not to be forgotten here.
  else describe(name, () => declaredDuring(soak, async () => body()));
}

/**
 * A criterion that the runbook does not know: one test, one record. It counts as the runbook's own do, in the verdict and in every
 * report.
 * @param id its section and a name, as in `backups.restore`; unique in the run.
 * @throws Error where the id is of another form, or would stand in a section of the runbook.
 */
export function criterion(id: string, entry: OwnEntry, check: Check): void;
/**
 * A precondition, step, threshold or exit criterion of the runbook, as its catalogue describes it.
 * @throws Error where the spec is not one of the runbook's.
 */
export function criterion(id: CriterionId, check: Check, running?: Running): void;
export function criterion(id: string, about: OwnEntry | Check, more: Check | Running = {}): void {
  if (typeof about === 'function') ofCatalogue(id, about, typeof more === 'object' ? more : {});
  else if (typeof more === 'function') ofTeam(id, about, more);
}

function ofCatalogue(id: string, check: Check, running: Running): void {
  const entry = entryOf(id);
  if (entry === undefined || !ofRunbook())
    throw new Error(`${id} is declared without an entry, as the runbook alone may`);
  judgedAs(entry, check, running);
}

function ofTeam(id: string, entry: OwnEntry, check: Check): void {
  const name = sectionNameOf(id);
  refuseReserved(name);
  if (!ID.test(id))
    throw new Error(`${JSON.stringify(id)} cannot be an id: write one like "backups.restore"`);
  const own = { id, section: name, evidence: [`${folderOf(id)}/*`], ...entry };
  if (during === undefined) judgedAs(own, check);
  else judgedAs(besideSoak(own, during.mode), during.during(check));
}

/** It waits for the soak, and may take as long. */
const besideSoak = <Own extends OwnEntry>(own: Own, mode: SoakUnderWay['mode']) => ({
  timeoutSeconds: ({ DURATION_SECONDS, SETTLE_SECONDS }: Settings) =>
    DURATION_SECONDS + SETTLE_SECONDS + SOAK_COMMANDS_SECONDS,
  ...own,
  phases: [mode],
  needs: [`${mode}.ready`, ...(own.needs ?? [])],
});

/** What the soak's own commands may take on a slow host. */
const SOAK_COMMANDS_SECONDS = 600;

/** Where the files that a criterion of a team's own keeps stand in the run directory. */
const folderOf = (id: string) => `own/${id}`;

/**
 * Keeps a file with the evidence of the criterion that is judged now; the reports attach it.
 * @param name of the file, without a folder.
 * @throws Error where no criterion is judged, or the name is none of a plain file.
 */
export function attach(name: string, content: string | Uint8Array): void {
  const { criterion, directory } = canaryRun();
  if (criterion === undefined) throw new Error('attach: no criterion is judged now');
  if (!FILE_NAME.test(name))
    throw new Error(
      `attach: ${JSON.stringify(name)} cannot name a file; use letters, digits, ".", "_" and "-"`,
    );
  const folder = folderOf(criterion);
  directory.directory(folder);
  directory.writeText(`${folder}/${name}`, content);
}

const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
