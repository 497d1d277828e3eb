import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import { RunDirectory } from '../evidence/run-directory.ts';
import { loadedObject, toldObject } from './loaded-object.ts';

const HEALTH = {
  ...{ ok: true, capability: 'Full', mode: 'enforce', kernel_version: '6.1' },
  features: { bpf_lsm: true },
  checks: {
    ...{ prereqs: true, bpf_load: true, required_maps: true },
    ...{ layout_version: true, required_pins: true, network_pins: true },
  },
  network_maps_present: true,
};

/** A run whose agent told this object; undefined where it told none at all. */
function told(object: string | undefined) {
  const root = dirSync({ unsafeCleanup: true }).name;
  const run = new RunDirectory(root);
  run.writeText('health-before.json', JSON.stringify({ ...HEALTH, bpf_object_path: object }));
  return { run, root };
}

test('the object that the agent told is the one it loads, wherever our search looks', () => {
  const { run, root } = told('/opt/agent/aegis.bpf.o');
  const at = (isRehearsal: boolean, AEGIS_BPF_OBJ?: string) =>
    loadedObject(run, { HOST_ROOT: root, AEGIS_BPF_OBJ }, isRehearsal);
  expect(toldObject(run)).toBe('/opt/agent/aegis.bpf.o');
  expect(at(false)).toBe('/opt/agent/aegis.bpf.o');
  expect(at(true, '/opt/agent/aegis.bpf.o')).toBe('/opt/agent/aegis.bpf.o');
  // On a played host: where that is played.
  expect(at(true)).toBeUndefined();
  mkdirSync(join(root, 'opt/agent'), { recursive: true });
  writeFileSync(join(root, 'opt/agent/aegis.bpf.o'), '');
  expect(at(true)).toBe(join(root, 'opt/agent/aegis.bpf.o'));
});

test.each([
  ['an agent without one', '', ''],
  ['a version that does not tell it', undefined, undefined],
])('%s loads no object that we know', (_, object, expected) => {
  const { run, root } = told(object);
  expect(toldObject(run)).toBe(expected);
  expect(loadedObject(run, { HOST_ROOT: root, AEGIS_BPF_OBJ: undefined }, false)).toBeUndefined();
});
