import { accepted, type Parsed, quote, refused } from './parsed.ts';

/** The candidate's own word on what it is. */
export interface Version {
  readonly version: string;
  /** True for the suite's stand-in agent: a run against it is a rehearsal, never evidence. */
  readonly standIn: boolean;
}

/** Text of `aegisbpf version`: one line `aegisbpf <version>` (docs/agent-contract.md §1.2). */
export function parseVersion(text: string): Parsed<Version> {
  const version = /^aegisbpf ([!-~]{1,100})\r?\n?$/.exec(text)?.[1];
  if (version === undefined) {
    return refused(`expected one line \`aegisbpf <version>\`, saw ${quote(text)} at line 1`);
  }
  return accepted({ version, standIn: version.endsWith('-stand-in') });
}
