import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ENVIRONMENT_ALONE } from './configuration.ts';
import { type KnobFact, knobFacts } from './knob-facts.ts';

const DOCS = join(import.meta.dirname, '../../docs');

/** Nothing behind the colon is the default again. */
const NOTHING = { type: 'null' } as const;
const texts = { type: 'array', items: { type: ['string', 'number'] } } as const;

/** What an editor may offer and refuses; what a list of paths or routes holds is the canary's to check. */
function typesOf({ kind, minimum, maximum, enum: words }: KnobFact): readonly object[] {
  if (words !== undefined) return [{ enum: words }];
  if (kind === 'integer' || kind === 'number') return [{ type: kind, minimum, maximum }];
  if (kind === 'switch') return [{ type: 'boolean' }, { enum: [0, 1] }];
  if (kind === 'arguments') return [{ ...texts, minItems: 1 }, { type: 'string' }];
  if (kind === 'list' || kind === 'paths') return [texts, { type: 'string' }];
  return [{ type: ['string', 'number'] }];
}

function schema() {
  const all = [...knobFacts].filter(([name]) => !ENVIRONMENT_ALONE.includes(name));
  const $defs = Object.fromEntries(
    all.map(([name, fact]) => {
      const standard = fact.byDefault ?? fact.default ?? 'none';
      const description = `${fact.description} (default: ${standard})`;
      return [name, { description, anyOf: [...typesOf(fact), NOTHING] }];
    }),
  );
  const properties = Object.fromEntries(all.map(([name]) => [name, { $ref: `#/$defs/${name}` }]));
  const knobs = { type: ['object', 'null'], properties, additionalProperties: false } as const;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'canary.config.yaml',
    description: 'Knobs of the AegisBPF staging canary, for all hosts and for each class of them.',
    type: 'object',
    properties: {
      ...properties,
      profiles: {
        description: 'classes of hosts by their names; PROFILE chooses one',
        type: ['object', 'null'],
        additionalProperties: { $ref: '#/$defs/profile' },
      },
    },
    additionalProperties: false,
    $defs: { ...$defs, profile: knobs },
  };
}

test('the published schema is the one of these knobs (`npm test -- configuration-schema -u` renews it)', async () => {
  const text = `${JSON.stringify(schema(), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot(join(DOCS, 'config.schema.json'));
});

test('the published schema takes the example, and refuses what is no knob or no value of one', () => {
  const published = z.fromJSONSchema(
    JSON.parse(readFileSync(join(DOCS, 'config.schema.json'), 'utf8')),
  );
  const takes = (text: string) => published.safeParse(parse(text)).success;
  expect(takes(readFileSync(join(DOCS, 'example/canary.config.yaml'), 'utf8'))).toBe(true);
  expect(takes('SOAK_NET_WORKLOAD: true\nprofiles:\n  db-hosts:\n    WORKERS: 8\n')).toBe(true);
  for (const wrong of ['WORKERS: 65', 'WORKER: 4', 'profiles: {db: {WORKERS: many}}', 'PROFILE: x'])
    expect(takes(wrong), wrong).toBe(false);
});
