import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { knobs } from './knobs.ts';

const PAGE = join(import.meta.dirname, '../../docs/knobs.md');

/** What a knob's schema tells of it in JSON Schema's words. */
const described = z.object({
  description: z.string(),
  /** In words, where the default is no value. */
  byDefault: z.string().optional(),
  default: z.string().optional(),
});

function page(): string {
  const { properties = {} } = z.toJSONSchema(knobs, { io: 'input' });
  const rows = Object.entries(properties).map(([name, schema]) => {
    const { description, byDefault, default: value } = described.parse(schema);
    const standard = byDefault ?? (value === undefined ? 'none' : `\`${value}\``);
    return `| \`${name}\` | ${standard} | ${description} |`;
  });
  return `# Knobs

Written from \`helpers/settings/knobs.ts\` by \`npm test -- knobs-page -u\`.

Set them in the environment. All are checked before anything is touched, and all bad ones are named at once.

| knob | default | meaning |
|---|---|---|
${rows.join('\n')}
`;
}

test('the committed page has every knob with its default and meaning', async () => {
  await expect(page()).toMatchFileSnapshot(PAGE);
});
