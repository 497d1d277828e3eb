import { join } from 'node:path';
import { expect, test } from 'vitest';
import { knobFacts } from './knob-facts.ts';

const PAGE = join(import.meta.dirname, '../../docs/knobs.md');

function page(): string {
  const rows = [...knobFacts].map(([name, { description, byDefault, default: value }]) => {
    const standard = byDefault ?? (value === undefined ? 'none' : `\`${value}\``);
    return `| \`${name}\` | ${standard} | ${description} |`;
  });
  return `# Knobs

Written from \`helpers/settings/knobs.ts\` by \`npm test -- knobs-page -u\`.

Set them in the environment, or in [a file in git](configuration.md). All are checked before anything is touched, and all bad ones are named at once.

| knob | default | meaning |
|---|---|---|
${rows.join('\n')}
`;
}

test('the committed page has every knob with its default and meaning', async () => {
  await expect(page()).toMatchFileSnapshot(PAGE);
});
