/**
 * `npm run verify -- RUN_DIRECTORY [--key PUBLIC_KEY]`: is this evidence as the run left it? Offline.
 * Exit code 0: as it was sealed. 1: something differs, or the given key did not sign it. 2: there is
 * nothing to verify.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { inOneLine } from '../text/escaped-character.ts';
import { ownCommand } from '../text/own-command.ts';
import { helpIfAsked } from '../text/usage.ts';
import { CannotVerify, readPublicKey, type Verification, verifyRun } from './verify.ts';

const USAGE = `usage: ${ownCommand('verify', 'RUN_DIRECTORY')} [--key PUBLIC_KEY]`;

helpIfAsked(`${USAGE}
Checks, offline, that evidence is as the run left it.
Exit code 0: as it was sealed; 1: something differs, or the given key did not sign it; 2: there is nothing to verify.`);

function parsedArguments(): { directory: string; key: string | undefined } {
  try {
    const { values, positionals } = parseArgs({
      options: { key: { type: 'string' } },
      allowPositionals: true,
    });
    const [directory, ...more] = positionals;
    if (directory === undefined || more.length > 0) throw new CannotVerify(USAGE);
    return { directory: resolve(directory), key: values.key };
  } catch (error) {
    throw new CannotVerify(error instanceof CannotVerify ? error.message : USAGE);
  }
}

/** Who vouches for the seal; a manifest alone is as good as the place it was kept in. */
function signatureWords({ signatures, signature }: Verification): string {
  const signers = signatures.join(', ');
  switch (signature) {
    case 'holds':
      return 'the signature holds';
    case 'another key':
      return `signed by key ${signers}, which is not the given one: ask for the public key of whoever signed`;
    case 'unsigned':
      return 'UNSIGNED: nobody signed, so the given key says nothing about it';
    case 'forged':
      return 'the signature does not hold';
    case 'not checked':
      return signatures.length === 0
        ? 'UNSIGNED: nothing was changed by accident, but whoever can write here could seal it anew'
        : `signed by key ${signers}, NOT CHECKED: name the public key with --key`;
  }
}

/** The first words: whole and vouched for by the given key, whole and not so, or not whole. */
function answer({ problems, signature }: Verification): string {
  if (problems.length > 0) return 'ALTERED';
  if (signature === 'another key') return 'SIGNED BY ANOTHER KEY';
  return signature === 'unsigned' ? 'NOT SIGNED' : 'AS SEALED';
}

function lines(root: string, verification: Verification): string[] {
  const { status, rehearsal } = verification.statement.predicate;
  const sealed = `${verification.files} files, sealed ${verification.sealedAt}`;
  if (verification.problems.length > 0) {
    return [
      `${answer(verification)}: ${root} is not as it was sealed (${sealed})`,
      ...verification.problems.map((problem) => `  ${problem}`),
    ];
  }
  return [
    `${answer(verification)}: ${root} (every file is as it was sealed: ${sealed})`,
    `  final status: ${status}`,
    ...(rehearsal.length > 0 ? [`  REHEARSAL: ${rehearsal.join('; ')}`] : []),
    ...verification.statement.subject.map(({ name, digest }) => `  ${digest.sha256}  ${name}`),
    `  ${signatureWords(verification)}`,
  ];
}

try {
  const { directory, key } = parsedArguments();
  const verification = await verifyRun(
    directory,
    key === undefined ? undefined : readPublicKey(key),
  );
  // Names come from whoever made the files: nothing in them may move a terminal's cursor.
  process.stdout.write(`${lines(directory, verification).map(inOneLine).join('\n')}\n`);
  process.exitCode = answer(verification) === 'AS SEALED' ? 0 : 1;
} catch (error) {
  if (!(error instanceof Error)) throw error;
  process.stderr.write(`verify: ${inOneLine(error.message)}\n`);
  process.exitCode = 2;
}
