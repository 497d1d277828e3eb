/**
 * A small service of ours: it answers each request with what its file says, and so fails when the
 * file is denied. It does nothing about signals, as an ordinary service does.
 */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const path = process.argv[2];
if (path === undefined) throw new Error('usage: service-process.ts PATH');

process.on('message', () => {
  try {
    const sha256 = hash('sha256', readFileSync(path));
    process.send?.({ ok: true, sha256 });
  } catch (error) {
    process.send?.({ ok: false, errno: (error as NodeJS.ErrnoException).code ?? 'unknown' });
  }
});
process.on('disconnect', () => process.exit(0));
process.send?.('up');
