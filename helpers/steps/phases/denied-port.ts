import { type Candidate, howItEnded, runCommand } from '../../agent/command.ts';
import type { Journal } from '../../changes/journal.ts';
import { listNetworkRules } from '../../changes/rules.ts';
import { failed } from '../../criteria/judgement.ts';

/** For every protocol, address and direction: one rule for all calls. The port comes last, as the undo looks for it. */
const ruleOf = (port: number) => ['--protocol', 'any', '--direction', 'both', '--port', `${port}`];

const call = (candidate: Candidate, port: number, verb: 'add' | 'del') =>
  runCommand(candidate, 'network', 'deny', verb, ...ruleOf(port));

/** Adds or removes our rule. @throws JudgementError (fail) when the agent does not. */
async function change(candidate: Candidate, port: number, verb: 'add' | 'del'): Promise<void> {
  const result = await call(candidate, port, verb);
  if (result.exitCode !== 0) throw failed(howItEnded(result), { source: result.command });
}

/** Judges after it was added, or removed. @throws JudgementError (fail) when the agent's list says otherwise. */
export async function portMustBeListed(
  candidate: Candidate,
  port: number,
  verb: 'add' | 'del',
): Promise<void> {
  const listed = await listNetworkRules(candidate);
  const isListed = listed.some((entry) => entry.startsWith(`${port} (`));
  if (isListed === (verb === 'add')) return;
  throw failed(
    `\`network deny ${verb}\` exited with 0 for port ${port}, but \`network deny list\` ${isListed ? 'still has it' : 'lacks it'}`,
    {
      ...{ value: Number(isListed), limit: Number(!isListed), unit: 'rules' },
      source: 'aegisbpf network deny list',
    },
  );
}

/** Denies the port, journalled first. @returns the journal entry's id, for `allowPort`. */
export async function denyPort(
  candidate: Candidate,
  port: number,
  journal: Journal,
): Promise<string> {
  const id = journal.record({ kind: 'network-rule', arguments: ruleOf(port) });
  await change(candidate, port, 'add');
  return id;
}

/** Removes our rule. @throws JudgementError (fail) when the agent does not. */
export const allowPort = (candidate: Candidate, port: number): Promise<void> =>
  change(candidate, port, 'del');

/** The same where nothing is judged: a rule that the agent keeps stays in the journal, and the end of the run removes it. */
export async function removePortRule(
  candidate: Candidate,
  port: number,
  id: string,
  journal: Journal,
): Promise<void> {
  const { exitCode } = await call(candidate, port, 'del');
  if (exitCode === 0) journal.strike(id);
}
