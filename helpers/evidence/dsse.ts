import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';

/** Canonical base64 only: other spellings of the same bytes would be bytes that nobody signed. */
const base64 = z
  .string()
  .refine(
    (text) => Buffer.from(text, 'base64').toString('base64') === text,
    'expected standard base64',
  );

/** A DSSE envelope, https://github.com/secure-systems-lab/dsse/blob/master/envelope.md. */
export const envelope = z.strictObject({
  payloadType: z.string(),
  payload: base64,
  signatures: z.array(z.strictObject({ keyid: z.string(), sig: base64 })),
});

export type Envelope = z.output<typeof envelope>;

/**
 * The bytes that are signed: DSSE's pre-authentication encoding,
 * https://github.com/secure-systems-lab/dsse/blob/master/protocol.md#signature-definition.
 */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType, 'utf8');
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ]);
}

/** Names a public key: the SHA-256 of its DER form (SubjectPublicKeyInfo), in hex. */
export function keyId(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return hash('sha256', publicKey.export({ type: 'spki', format: 'der' }));
}

/** Wraps a payload, signed with an Ed25519 key or, without one, by nobody. */
export function wrap(payloadType: string, payload: Buffer, key: KeyObject | undefined): Envelope {
  const signed = preAuthenticationEncoding(payloadType, payload);
  return {
    payloadType,
    payload: payload.toString('base64'),
    signatures:
      key === undefined
        ? []
        : [{ keyid: keyId(key), sig: sign(null, signed, key).toString('base64') }],
  };
}

/**
 * What a key says of the signatures: one bears its name and holds; one bears its name or is its own, and not
 * both; none is its own.
 */
export function signedBy(wrapped: Envelope, key: KeyObject): 'holds' | 'forged' | 'another key' {
  const signed = preAuthenticationEncoding(
    wrapped.payloadType,
    Buffer.from(wrapped.payload, 'base64'),
  );
  const ours = wrapped.signatures.map(({ keyid, sig }) => ({
    named: keyid === keyId(key),
    own: verify(null, signed, key, Buffer.from(sig, 'base64')),
  }));
  if (ours.some(({ named, own }) => named && own)) return 'holds';
  return ours.some(({ named, own }) => named || own) ? 'forged' : 'another key';
}

/** An envelope as a file: there is one way to write it, so an edited one shows. */
export function envelopeText(wrapped: Envelope): string {
  return `${JSON.stringify(wrapped, null, 2)}\n`;
}
