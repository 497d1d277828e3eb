import fc from 'fast-check';
import { expect, test } from 'vitest';
import { propertyRuns } from '../../../fixtures/examples/property-tools.ts';
import { EventLineSplitter, type SplitLine } from './event-stream.ts';

function chunked(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  );
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

function split(chunks: readonly Buffer[], maxLineBytes?: number) {
  const splitter = new EventLineSplitter(maxLineBytes);
  const lines: SplitLine[] = [];
  for (const chunk of chunks) {
    // Streams may reuse their buffers, so what was pushed is overwritten at once.
    const own = Buffer.from(chunk);
    lines.push(...splitter.push(own));
    own.fill(0x78);
  }
  return { lines, rest: splitter.end() };
}

const texts = fc
  .array(fc.oneof(fc.constant('\n'), fc.constant('é😀\r'), fc.string({ unit: 'grapheme' })))
  .map((parts) => parts.join(''));

test('the lines are those of split, however the bytes are cut', () => {
  fc.assert(
    fc.property(texts, fc.array(fc.nat()), (text, cuts) => {
      const { lines, rest } = split(chunked(Buffer.from(text), cuts));
      const expected = text.split('\n');
      const last = expected.pop() ?? '';
      expect(lines).toEqual(expected.map((line) => ({ kind: 'line', text: line })));
      expect(rest).toEqual(last === '' ? undefined : { kind: 'unterminated', text: last });
    }),
    propertyRuns(),
  );
});

test('arbitrary bytes are decoded the same, however they are cut', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat()), (bytes, cuts) => {
      const whole = Buffer.from(bytes);
      expect(split(chunked(whole, cuts))).toEqual(split([whole]));
    }),
    propertyRuns(),
  );
});

test('with any bound, short lines come whole and each longer one is reported once', () => {
  const line = fc
    .string({ unit: 'grapheme-ascii', maxLength: 30 })
    .filter((text) => !text.includes('\n'));
  fc.assert(
    fc.property(
      fc.array(line),
      fc.array(fc.nat()),
      fc.integer({ min: 1, max: 20 }),
      (all, cuts, max) => {
        const bytes = Buffer.from(all.map((text) => `${text}\n`).join(''));
        const { lines, rest } = split(chunked(bytes, cuts), max);
        expect(rest).toBeUndefined();
        expect(lines.map((one) => (one.kind === 'line' ? one.text : one.kind))).toEqual(
          all.map((text) => (text.length <= max ? text : 'oversized')),
        );
      },
    ),
    propertyRuns(),
  );
});

test('an oversized line is told with its start, and the next line is whole', () => {
  const { lines, rest } = split([Buffer.from(`${'x'.repeat(30)}`), Buffer.from('yyy\nok\n')], 10);
  expect(lines).toEqual([
    { kind: 'oversized', bytes: 30, head: `"${'x'.repeat(30)}"` },
    { kind: 'line', text: 'ok' },
  ]);
  expect(rest).toBeUndefined();
});

test('an endless line without a newline keeps memory bounded and is told once', () => {
  const splitter = new EventLineSplitter();
  const chunk = Buffer.alloc(64 * 1024, 0x61);
  const before = process.memoryUsage().arrayBuffers;
  let told = 0;
  for (let at = 0; at < 4096; at += 1) told += splitter.push(chunk).length;
  expect(told).toBe(1);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
  expect(splitter.push(Buffer.from('\nafter\n'))).toEqual([{ kind: 'line', text: 'after' }]);
});

test('a long line that comes byte by byte is whole', () => {
  const splitter = new EventLineSplitter();
  const byte = Buffer.from('a');
  let told = 0;
  for (let at = 0; at < 300_000; at += 1) told += splitter.push(byte).length;
  expect(told).toBe(0);
  expect(splitter.push(Buffer.from('\n'))).toEqual([{ kind: 'line', text: 'a'.repeat(300_000) }]);
});

test('a line that is no UTF-8 is told to be none, and so is no other, however the bytes are cut', () => {
  const cut = Buffer.from('ü').subarray(0, 1);
  const bytes = Buffer.concat([Buffer.from('é\na'), cut, Buffer.from('b\n\ufffd\n')]);
  fc.assert(
    fc.property(fc.array(fc.nat()), (cuts) => {
      expect(split(chunked(bytes, cuts)).lines).toEqual([
        { kind: 'line', text: 'é' },
        { kind: 'line', text: 'a\ufffdb', notUtf8: true },
        { kind: 'line', text: '\ufffd' },
      ]);
    }),
    propertyRuns(),
  );
});
