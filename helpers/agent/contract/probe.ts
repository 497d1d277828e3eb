import { z } from 'zod';
import { parseDocument } from './json-document.ts';

const schema = z.looseObject({
  hook_probe: z.looseObject({ hooks: z.record(z.string(), z.unknown()) }).optional(),
});

/** `probe` (docs/agent-contract.md §2.6): the hooks that this version can attach, where it names any; APR does not. */
export const parseProbe = (text: string) => parseDocument(text, schema, 'probe');
