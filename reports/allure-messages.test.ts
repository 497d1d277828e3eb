import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';
import type { RunRecord } from '../helpers/evidence/run-record.ts';
import { attachment } from './allure-attachments.ts';
import { allureMessages, ticketLink } from './allure-messages.ts';

const record: CriterionRecord = {
  id: 'audit.soak',
  section: 'audit',
  title: 'the soak runs',
  at: '2026-11-23T14:00:00.000Z',
  durationMs: 1500,
  verdict: 'fail',
  explanation: 'it did not',
  value: 1.6,
  limit: 10,
  unit: 's',
};

const run: RunRecord = {
  runId: '1',
  runDirectory: '/none',
  rehearsal: ['the candidate is the stand-in agent'],
  rejudge: false,
  asked: ['audit'],
  candidatePath: '/opt/aegisbpf',
  candidateSha256: undefined,
  settings: { CHANGE_TICKET: 'https://tickets.example.com/1' },
  hostname: 'staging-3',
  kernel: {},
  startedAt: '2026-11-23T14:00:00.000Z',
};

test('a criterion carries its labels, figures, ticket and evidence', () => {
  const scratch = dirSync({ unsafeCleanup: true });
  mkdirSync(join(scratch.name, 'audit'));
  writeFileSync(join(scratch.name, 'audit', 'soak.json'), '{}');
  const [metadata, ...rest] = allureMessages(record, run, scratch.name);
  scratch.removeCallback();
  expect(metadata).toMatchObject({
    type: 'metadata',
    data: {
      labels: expect.arrayContaining([
        { name: 'epic', value: 'AegisBPF staging canary (REHEARSAL)' },
        { name: 'feature', value: 'Phase 1: audit canary' },
        { name: 'verdict', value: 'fail' },
        { name: 'blames', value: 'the agent or its policy' },
      ]),
      links: [{ name: 'change ticket', url: 'https://tickets.example.com/1', type: 'tms' }],
      parameters: expect.arrayContaining([{ name: 'value', value: '1.6', excluded: true }]),
    },
  });
  expect(rest.slice(1)).toMatchObject([
    { type: 'attachment_path', data: { name: 'audit/soak.json' } },
  ]);
});

test('a failure carries the facts that prove it and the commands of its step', () => {
  const scratch = dirSync({ unsafeCleanup: true });
  const command = { criterion: 'audit.soak', at: '2026-11-23T14:00:01.000Z', durationMs: 7 };
  const commands = [
    { ...command, arguments: ['metrics'], exitCode: 3 },
    { ...command, criterion: 'audit.stop', arguments: ['health'], exitCode: 0 },
  ];
  const text = commands.map((one) => `${JSON.stringify(one)}\n`).join('');
  writeFileSync(join(scratch.name, 'commands.ndjson'), text);
  const proof = ['2026-11-23T14:00:00.500Z: opened by worker-1, pid 77'];
  const messages = allureMessages({ ...record, proof }, run, scratch.name);
  scratch.removeCallback();
  const [content] = messages.flatMap(({ type, data }) =>
    type === 'attachment_content' && data.name === 'what proves it' ? [data.content] : [],
  );
  expect(Buffer.from(content ?? '', 'base64').toString()).toBe(`Judged:
  measured: 1.6 s
  limit: 10 s
  at: 2026-11-23T14:00:00.000Z
What proves it:
  2026-11-23T14:00:00.500Z: opened by worker-1, pid 77
Commands of the agent in this step:
  2026-11-23T14:00:01.000Z aegisbpf metrics: exit code 3 after 7 ms
`);
});

test('what was judged from every life of an agent has the events of each, the first one too', () => {
  const scratch = dirSync({ unsafeCleanup: true });
  for (const life of ['rollback', 'rollback/again-1']) {
    mkdirSync(join(scratch.name, life));
    writeFileSync(join(scratch.name, life, 'agent.stdout.ndjson'), '{}');
  }
  const messages = allureMessages({ ...record, id: 'rollback.event-fields' }, run, scratch.name);
  scratch.removeCallback();
  expect(messages.slice(2)).toMatchObject([
    { data: { name: 'rollback/again-1/agent.stdout.ndjson' } },
    { data: { name: 'rollback/agent.stdout.ndjson' } },
  ]);
});

test('of what passed each file is attached once, and what did not pass carries its own, with the bundle of the failure', () => {
  const scratch = dirSync({ unsafeCleanup: true });
  for (const folder of ['audit', 'failure/audit'])
    mkdirSync(join(scratch.name, folder), { recursive: true });
  writeFileSync(join(scratch.name, 'audit/soak.json'), '{}');
  writeFileSync(join(scratch.name, 'failure/audit/kernel.log'), 'x');
  writeFileSync(join(scratch.name, 'failure/audit/about.json'), '{"criterion":"audit.soak"}');
  const attached = new Set<string>();
  const names = (changes: Partial<CriterionRecord>) =>
    allureMessages({ ...record, ...changes }, run, scratch.name, attached).flatMap((message) =>
      message.type === 'attachment_path' ? [message.data.name] : [],
    );
  const passed = names({ verdict: 'pass' });
  const again = names({ verdict: 'pass' });
  const failed = names({});
  scratch.removeCallback();
  const all = ['audit/soak.json', 'failure/audit/about.json', 'failure/audit/kernel.log'];
  expect([passed, again, failed]).toEqual([all, [], all]);
});

test.each(['CHG-1', 'javascript:alert(1)', 'https://', undefined, 7])('%s is no link', (ticket) => {
  expect(ticketLink(ticket)).toEqual([]);
});

test('only the end of a large file is attached, in whole lines', () => {
  const scratch = dirSync({ unsafeCleanup: true });
  const lines = Array.from({ length: 10_000 }, (_, index) => `line ${index}`);
  writeFileSync(join(scratch.name, 'canary.log'), `${lines.join('\n')}\n`);
  const [message] = attachment(scratch.name, 'canary.log');
  scratch.removeCallback();
  expect(message).toMatchObject({
    type: 'attachment_content',
    data: { name: 'canary.log (the last 24 KiB of 97 KiB)' },
  });
  const content = message?.type === 'attachment_content' ? message.data.content : '';
  const kept = Buffer.from(content, 'base64').toString().trimEnd().split('\n');
  expect(kept.at(-1)).toBe('line 9999');
  expect(lines).toContain(kept[0]);
});
