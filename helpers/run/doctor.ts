/** `npm run doctor`: the preconditions of a run alone. */
import { pathToFileURL } from 'node:url';
import { VITEST } from '../files/vitest-program.ts';
import { ownCommand } from '../text/own-command.ts';
import { helpIfAsked } from '../text/usage.ts';

helpIfAsked(`usage: sudo ${ownCommand('doctor', '[VITEST OPTION]...')}
Judges the preconditions of a run on this host and nothing else: it starts no agent and makes no rule. Every knob works, and so does canary.config.yaml; exit codes are those of a run.`);

process.env.PHASE = 'preconditions';
process.argv.splice(2, 0, 'run', 'canary');
await import(pathToFileURL(VITEST).href);
