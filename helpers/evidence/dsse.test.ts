import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { envelope, preAuthenticationEncoding, signedBy, wrap } from './dsse.ts';

const TYPE = 'http://example.com/HelloWorld';
const payload = Buffer.from('hello world');
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519');

test("signs the bytes that the protocol's own example names", () => {
  // https://github.com/secure-systems-lab/dsse/blob/master/protocol.md#test-vectors
  expect(preAuthenticationEncoding(TYPE, payload).toString()).toBe(
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  );
});

test('lengths are counted in bytes', () => {
  expect(preAuthenticationEncoding('é', Buffer.from('→')).toString()).toBe('DSSEv1 2 é 3 →');
});

test('holds for the key that signed, and for no other', () => {
  const wrapped = wrap(TYPE, payload, privateKey);
  expect(signedBy(wrapped, publicKey)).toBe('holds');
  expect(signedBy(wrapped, stranger.publicKey)).toBe('another key');
});

test('a signature for another payload or another type does not hold', () => {
  const wrapped = wrap(TYPE, payload, privateKey);
  const other = Buffer.from('hello worlD').toString('base64');
  expect(signedBy({ ...wrapped, payload: other }, publicKey)).toBe('forged');
  expect(signedBy({ ...wrapped, payloadType: 'text/plain' }, publicKey)).toBe('forged');
});

test('a signature under the name of another key is forged, whoever made it', () => {
  const wrapped = wrap(TYPE, payload, privateKey);
  const renamed = wrapped.signatures.map((one) => ({ ...one, keyid: 'f'.repeat(64) }));
  expect(signedBy({ ...wrapped, signatures: renamed }, publicKey)).toBe('forged');
});

test('an unsigned envelope is signed by nobody', () => {
  const wrapped = wrap(TYPE, payload, undefined);
  expect(wrapped.signatures).toEqual([]);
  expect(signedBy(wrapped, publicKey)).toBe('another key');
});

test.each(['aGk', 'aGk=\n', 'aGl=', 'a$k='])(
  '%j is no payload: one spelling for the same bytes',
  (text) => {
    expect(envelope.safeParse({ payloadType: TYPE, payload: text, signatures: [] }).success).toBe(
      false,
    );
  },
);
