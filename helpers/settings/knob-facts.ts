import { z } from 'zod';
import { knobKind, knobs } from './knobs.ts';

const fact = z.object({
  description: z.string(),
  /** In words, where the default is no value. */
  byDefault: z.string().optional(),
  default: z.string().optional(),
  /** Text where absent. */
  kind: knobKind.optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  enum: z.array(z.string()).optional(),
});

/** What a knob's schema says of it besides how it is read. */
export type KnobFact = z.output<typeof fact>;

const { properties = {} } = z.toJSONSchema(knobs, { io: 'input' });

/** Of every knob by its name, in their order. */
export const knobFacts: ReadonlyMap<string, KnobFact> = new Map(
  Object.entries(properties).map(([name, schema]) => [name, fact.parse(schema)]),
);
