import { readFileSync } from 'node:fs';
import fc from 'fast-check';

/** For tests only: how often a property is tried, and damage as real outputs meet it. */

const DEFAULT_RUNS = 1000;

/** Options of fc.assert; PROPERTY_RUNS asks for more (a night's run) or fewer. */
export function propertyRuns(): { numRuns: number } {
  const asked = Number(process.env.PROPERTY_RUNS ?? DEFAULT_RUNS);
  return { numRuns: Number.isInteger(asked) && asked > 0 ? asked : DEFAULT_RUNS };
}

/** A real output of the agent. */
export function sample(name: string): string {
  return readFileSync(new URL(`../../../fixtures/samples/${name}`, import.meta.url), 'utf8');
}

/** Any text: short ones of every character, and ones made of what the formats are made of. */
export function anyText(): fc.Arbitrary<string> {
  const pieces = ['{', '}', '[', ']', '"', '\\', ':', ',', ' ', '\n', '=', '#', '1', '-', 'a', '/'];
  return fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom(...pieces), { maxLength: 80 }).map((parts) => parts.join('')),
  );
}

/** A text with one to three damages: cut, spliced with itself, a stretch removed, a character changed. */
export function damaged(text: string): fc.Arbitrary<string> {
  const at = fc.nat({ max: text.length });
  const damage = fc.oneof(
    at.map((end) => (whole: string) => whole.slice(0, end)),
    fc.tuple(at, at).map(
      ([from, to]) =>
        (whole: string) =>
          whole.slice(0, from) + whole.slice(to),
    ),
    fc.tuple(at, anyText()).map(
      ([from, part]) =>
        (whole: string) =>
          whole.slice(0, from) + part + whole.slice(from),
    ),
    fc.tuple(at, fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })).map(
      ([from, one]) =>
        (whole: string) =>
          whole.slice(0, from) + one + whole.slice(from + 1),
    ),
  );
  return fc
    .array(damage, { minLength: 1, maxLength: 3 })
    .map((damages) => damages.reduce((whole, apply) => apply(whole), text));
}

/**
 * Holds for any text and for damaged samples: the parser gives an answer, and an error is one
 * printable line of bounded length.
 */
export function alwaysAnswers(
  parse: (text: string) => string | undefined,
  ...samples: readonly string[]
): void {
  const texts = fc.oneof(anyText(), ...samples.map(damaged));
  fc.assert(
    fc.property(texts, (text) => {
      const error = parse(text);
      if (error === undefined) return;
      if (error.length > 4000) throw new Error(`an error of ${error.length} characters`);
      if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(error)) throw new Error(`not printable: ${error}`);
      if (!/\bsaw\b/.test(error)) throw new Error(`does not say what was seen: ${error}`);
    }),
    propertyRuns(),
  );
}

/** The error of a parse, undefined when it was accepted. */
export function errorOf(parsed: { ok: true } | { ok: false; error: string }): string | undefined {
  return parsed.ok ? undefined : parsed.error;
}
