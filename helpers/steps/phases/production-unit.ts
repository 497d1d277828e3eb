import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { systemdOf, unitText } from '../../changes/transient-unit.ts';
import { NotApplicable } from '../../criteria/judgement.ts';
import { readRegularFile } from '../../files/regular-file.ts';
import { hostPath } from '../../host/observations.ts';
import type { Settings } from '../../settings/settings.ts';

/** As the package installs it. */
const INSTALLED = 'aegisbpf.service';

/** The unit that starts the agent in production. */
export interface ProductionUnit {
  /** Its name, for a message. */
  readonly unit: string;
  readonly text: string;
  /** The text of a file of variables that it names; in words why nobody has it; `absent` where it is not there, and need not be. */
  readonly variables: (
    path: string,
    mayBeAbsent: boolean,
  ) => { readonly text: string } | { readonly why: string } | 'absent';
}

/** @throws NotApplicable where there is none. */
export async function unitOfProduction(settings: Settings): Promise<ProductionUnit> {
  const { AGENT_UNIT, HOST_ROOT, agentUnit, agentUnitVariables } = settings;
  const onHost = (path: string) => hostPath(HOST_ROOT, path);
  const read = (path: string) => ({ text: readRegularFile(onHost(path)) });
  if (AGENT_UNIT !== undefined && agentUnit !== undefined) {
    const stem = basename(AGENT_UNIT, '.service');
    return {
      unit: agentUnit.name,
      text: agentUnit.text,
      variables(path) {
        // As the package has it: `aegisbpf.env` is to be copied to /etc/default/aegisbpf.
        if (agentUnitVariables !== undefined && basename(path, '.env') === stem)
          return { text: agentUnitVariables };
        if (existsSync(onHost(path))) return read(path);
        return {
          why: `neither ${path} on this host nor ${stem}.env beside AGENT_UNIT is there; put there what production has in ${path}`,
        };
      },
    };
  }
  const systemd = systemdOf(HOST_ROOT);
  if (typeof systemd === 'string')
    throw new NotApplicable(`${systemd}, so no unit of the agent was looked at`);
  const text = await unitText(systemd.systemctl, INSTALLED);
  if (text !== undefined)
    return {
      unit: `${INSTALLED} of this host`,
      text,
      variables(path, mayBeAbsent) {
        if (existsSync(onHost(path))) return read(path);
        return mayBeAbsent
          ? 'absent'
          : { why: `${path} is not there, and the unit does not start without it` };
      },
    };
  throw new NotApplicable(
    `this host has no ${INSTALLED}, and AGENT_UNIT names no unit file, so nothing of how systemd starts the agent in production was tried`,
  );
}
