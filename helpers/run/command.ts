#!/usr/bin/env node
/** `npx aegisbpf-canary COMMAND`: in the npm package what `npm run COMMAND` is in a clone. */
import './node-check.cjs';
import { fileURLToPath } from 'node:url';

const source = (path: string) => new URL(`../../${path}.ts`, import.meta.url);

const COMMANDS: Readonly<Record<string, URL>> = {
  plan: source('helpers/run/plan'),
  doctor: source('helpers/run/doctor'),
  rehearse: source('fixtures/worlds/world'),
  review: source('helpers/review/review-command'),
  verify: source('helpers/evidence/verify-command'),
  fleet: source('reports/fleet-command'),
  recover: source('helpers/changes/recover'),
  profile: source('helpers/host/record-profile'),
};

const PROGRAM = process.env.CANARY_PROGRAM ?? 'npx aegisbpf-canary';

const [name = '--help'] = process.argv.slice(2);
const script = COMMANDS[name];
if (script === undefined) {
  const asked = name === '--help' || name === '-h';
  (asked ? process.stdout : process.stderr).write(
    `usage: ${PROGRAM} COMMAND [OPTION]..., where COMMAND is one of ${Object.keys(COMMANDS).join(', ')}; add --help to see what a command does.\nThe canary itself is \`sudo ${process.env.CANARY_PROGRAM ?? 'npx vitest run canary'}\` (docs/own-specs.md).\n`,
  );
  process.exitCode = asked ? 0 : 2;
} else {
  const rehearse = [process.execPath, fileURLToPath(source('fixtures/rehearsals/rehearse'))];
  process.argv.splice(2, 1, ...(name === 'rehearse' ? rehearse : []));
  await import(script.href);
}
