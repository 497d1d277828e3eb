import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { processIdentity } from '../host/processes.ts';
import { chooseAccelerator } from './accelerator.ts';

const folder = mkdtempSync(join(tmpdir(), 'staging-vm-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A QEMU that leaves its pid, and then does this. */
function fakeQemu(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\necho $$ >${path}.pid\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const ONLY_EMULATED = 'case "$*" in *kvm*) exec sleep 600 ;; esac; echo SeaBIOS; exec sleep 600';

async function chosen(name: string, script: string, silenceSeconds = 60) {
  const words: string[] = [];
  const qemu = fakeQemu(name, script);
  const { signal } = new AbortController();
  const say = (line: string) => words.push(line);
  const accelerator = await chooseAccelerator('auto', say, { signal, qemu, silenceSeconds });
  const pid = Number(readFileSync(`${qemu}.pid`, 'utf8'));
  // Nothing of the trial is left behind, whatever came of it.
  expect(processIdentity(pid)).toBeUndefined();
  return { accelerator, words: words.join('\n') };
}

test('KVM is used when a guest prints on it', async () => {
  expect(await chosen('prints', 'echo SeaBIOS; exec sleep 600')).toEqual({
    accelerator: 'kvm',
    words: '',
  });
});

test('a guest that stays silent on KVM is emulated, and that is said', async () => {
  const { accelerator, words } = await chosen('silent', ONLY_EMULATED, 0.3);
  expect(accelerator).toBe('tcg');
  expect(words).toMatch(/KVM is not used: a guest on it printed nothing .* within 0\.3 s/);
});

test('a line that QEMU itself prints is no guest that runs', async () => {
  const { accelerator, words } = await chosen(
    'banner',
    `echo QEMU of a vendor; ${ONLY_EMULATED}`,
    1,
  );
  expect(accelerator).toBe('tcg');
  expect(words).toContain('printed nothing');
});

test('a QEMU that aborts on KVM is told with its words', async () => {
  const script = 'echo "failed to set MSR 0x10a" >&2; kill -ABRT $$';
  const { accelerator, words } = await chosen('aborts', script);
  expect(accelerator).toBe('tcg');
  expect(words).toContain('ended before a guest printed anything: failed to set MSR 0x10a');
});

test('what was asked for is used untried', async () => {
  const { signal } = new AbortController();
  const say = vi.fn();
  for (const asked of ['kvm', 'tcg'] as const)
    expect(await chooseAccelerator(asked, say, { signal, qemu: '/nowhere/qemu' })).toBe(asked);
  expect(say).not.toHaveBeenCalled();
});

test('an interrupt ends the trial and its guest', async () => {
  const interrupt = new AbortController();
  const qemu = fakeQemu('interrupted', 'exec sleep 600');
  const choice = chooseAccelerator('auto', () => {}, { signal: interrupt.signal, qemu });
  const pid = await vi.waitFor(() => Number(readFileSync(`${qemu}.pid`, 'utf8').match(/\d+/)?.[0]));
  interrupt.abort();
  await expect(choice).rejects.toThrow(/abort/);
  expect(processIdentity(pid)).toBeUndefined();
});
