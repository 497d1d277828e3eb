import { canaryRun, criterion, section } from 'aegisbpf-canary';
import { afterAll } from 'vitest';
import { GROUPS } from '../helpers/coverage/table.ts';
import { agentLivedThrough } from '../helpers/steps/lived-through.ts';
import { addedRulesAreInForce } from '../helpers/steps/phases/added-rules.ts';
import { unitLimitsChangeNothing } from '../helpers/steps/phases/agent-unit.ts';
import { breakGlassAudits } from '../helpers/steps/phases/break-glass.ts';
import { formatTellsTheSame } from '../helpers/steps/phases/by-format.ts';
import { optionChangesNothing } from '../helpers/steps/phases/by-option.ts';
import { changedObjectIsRefused } from '../helpers/steps/phases/changed-object.ts';
import { controlSocketActs } from '../helpers/steps/phases/control-socket.ts';
import { CoverageMode } from '../helpers/steps/phases/coverage-phase.ts';
import { noRouteIsWorse } from '../helpers/steps/phases/coverage-previous.ts';
import { CoverageSubjects } from '../helpers/steps/phases/coverage-subjects.ts';
import { denialsHoldWithAFullRing } from '../helpers/steps/phases/full-ring.ts';
import { HostRules } from '../helpers/steps/phases/host-rules.ts';
import { killSwitchStopsEveryDenial } from '../helpers/steps/phases/kill-switch.ts';
import { laterRulesAreInForce } from '../helpers/steps/phases/later-rules.ts';
import { loneRulesDeny } from '../helpers/steps/phases/lone-rules.ts';
import { ManyRules } from '../helpers/steps/phases/many-rules.ts';
import { modeIsKept } from '../helpers/steps/phases/mode-kept.ts';
import { nothingIsLeft } from '../helpers/steps/phases/nothing-left.ts';
import { operatorCommandsAreTrue } from '../helpers/steps/phases/operator-commands.ts';
import { candidatePolicyDenies } from '../helpers/steps/phases/policy-denies.ts';
import { StartsOfPrograms } from '../helpers/steps/phases/program-starts.ts';
import { renameRace } from '../helpers/steps/phases/rename-race.ts';
import { reviewNotes } from '../helpers/steps/phases/review-notes.ts';
import { ruleCommandsAct } from '../helpers/steps/phases/rule-commands.ts';
import { clientsHarmNobody } from '../helpers/steps/phases/silent-client.ts';
import { survivalListIsFilled } from '../helpers/steps/phases/survival-list.ts';
import { unitStartsToEnforce } from '../helpers/steps/phases/unit-start.ts';
import { rulesOutliveUpgrade } from '../helpers/steps/phases/upgrade.ts';
import { onlyVerifiedRead } from '../helpers/steps/phases/verified-program.ts';

const run = canaryRun();
const subjects = new CoverageSubjects(run);
const audit = new CoverageMode(run, subjects, 'audit');
const enforce = new CoverageMode(run, subjects, 'enforce');
const host = new HostRules(run, subjects);
const starts = new StartsOfPrograms(run, subjects, audit.daemon);
const many = new ManyRules(run, subjects, enforce.daemon);

section('coverage', () => {
  criterion('coverage.control', () => subjects.makeAndTry());
  criterion('coverage.rules', () => subjects.seedRules());
  criterion('coverage.listed', () => subjects.listRules());
  for (const phase of [audit, enforce]) {
    const { mode } = phase;
    criterion(`coverage.${mode}.ready`, () => phase.start());
    for (const group of GROUPS) criterion(`coverage.${mode}.${group}`, () => phase.group(group));
    criterion(`coverage.${mode}.accounting`, () => phase.accounting());
    criterion(`coverage.${mode}.event-fields`, () => phase.eventFields());
    criterion(`coverage.${mode}.listeners`, () => phase.listeners());
    criterion(`coverage.${mode}.owners`, () => phase.owners());
    criterion(`coverage.${mode}.gauges`, () => phase.gauges());
    if (mode === 'audit') {
      criterion('coverage.audit.exec-events', () => starts.events());
      criterion('coverage.audit.exec-memory', () => starts.memory());
      criterion('coverage.audit.mode-kept', () => modeIsKept(run, subjects, audit));
    } else {
      criterion('coverage.enforce.operator-commands', () =>
        operatorCommandsAreTrue(run, subjects, enforce.daemon),
      );
      criterion('coverage.enforce.commands', () => ruleCommandsAct(run, subjects, enforce));
      criterion('coverage.enforce.silent-client', () => clientsHarmNobody(enforce.daemon()));
      criterion('coverage.enforce.rename-race', () => renameRace(run, subjects, enforce.daemon));
      criterion('coverage.enforce.tables', () => enforce.tables());
      criterion('coverage.enforce.verified-program', () =>
        onlyVerifiedRead(run, subjects, enforce.daemon),
      );
      criterion('coverage.enforce.survival-list', () => survivalListIsFilled(run, subjects));
      criterion('coverage.enforce.added-rules', () => addedRulesAreInForce(run, subjects, enforce));
      criterion('coverage.enforce.many-rules', () => many.apply());
      criterion('coverage.enforce.many-rules-rollback', () => many.rollBack());
      criterion('coverage.enforce.many-rules-times', () => many.times());
      criterion('coverage.enforce.lone-rules', () => loneRulesDeny(run, subjects, enforce));
      criterion('coverage.enforce.candidate-policy', () =>
        candidatePolicyDenies(run, subjects, enforce.daemon),
      );
      criterion('coverage.enforce.kill-switch', () =>
        killSwitchStopsEveryDenial(run, subjects, enforce),
      );
    }
    criterion(`coverage.${mode}.stop`, () => phase.stop());
    // The rules of the table are there; later policies of the other mode have others.
    if (mode === 'audit') {
      criterion('coverage.break-glass', () => breakGlassAudits(run, subjects));
      criterion('coverage.full-ring', () => denialsHoldWithAFullRing(run, subjects));
    }
  }
  criterion('coverage.previous', () => noRouteIsWorse(run, subjects, enforce));
  criterion('coverage.unit', () => unitLimitsChangeNothing(run, subjects, enforce));
  criterion('coverage.unit-start', () => unitStartsToEnforce(run));
  criterion('coverage.sampled', () => optionChangesNothing(run, subjects, enforce, 'sampled'));
  criterion('coverage.lsm-hook-inode', () =>
    optionChangesNothing(run, subjects, enforce, 'lsm-hook-inode'),
  );
  criterion('coverage.lsm-hook-both', () =>
    optionChangesNothing(run, subjects, enforce, 'lsm-hook-both'),
  );
  for (const format of ['ocsf', 'cef'] as const)
    criterion(`coverage.event-format-${format}`, () =>
      formatTellsTheSame(run, subjects, { audit, enforce }, format),
    );
  criterion('coverage.many-rules-start', () => many.start());
  criterion('coverage.removed', () => subjects.removeRules());
  criterion('coverage.nothing-left', () => nothingIsLeft(run, subjects, enforce));
  criterion('coverage.later-rules', () => laterRulesAreInForce(run, subjects, enforce));
  criterion('coverage.control-socket', () => controlSocketActs(run, subjects));
  criterion('coverage.upgrade', () => rulesOutliveUpgrade(run, subjects, enforce));
  criterion('coverage.object', () => changedObjectIsRefused(run));
  criterion('coverage.host-ptrace', () => host.judge('deny_ptrace'));
  criterion('coverage.host-modules', () => host.judge('deny_module_load'));
  criterion('coverage.host-bpf', () => host.judge('deny_bpf'));
  criterion('coverage.host-connect', () => host.judge('protect_connect'));
  criterion('coverage.host-exec', () => host.judge('allow_binary_hash'));
  criterion('coverage.host-rules-gone', () => host.gone());
  criterion('coverage.review-notes', () =>
    reviewNotes(run, 'coverage', [...audit.streams, ...enforce.streams], subjects.names()),
  );
  criterion('coverage.alive', () => agentLivedThrough(run, 'coverage'));

  afterAll(async () => {
    await audit.cleanUp();
    await enforce.cleanUp();
    await many.cleanUp();
    await host.cleanUp();
    subjects.cleanUp();
  });
});
