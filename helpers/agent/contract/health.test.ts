import { expect, test } from 'vitest';
import { alwaysAnswers, errorOf, sample } from '../../../fixtures/examples/property-tools.ts';
import { parseHealth } from './health.ts';

const real = sample('health0.json');
const edited = (edit: (document: Record<string, unknown>) => void): string => {
  const document: Record<string, unknown> = JSON.parse(real);
  edit(document);
  return JSON.stringify(document);
};

test('the real document of v0.10.0 is read', () => {
  expect(parseHealth(real)).toMatchObject({
    ok: true,
    value: {
      ok: true,
      capability: 'Full',
      mode: 'enforce',
      engine_mode: 'bpf_lsm',
      kernel_version: '6.1.0-50-cloud-amd64',
      features: { bpf_lsm: true, binary_auth: false },
      checks: { bpf_load: true, bpf_hash_verified: true },
      network_maps_present: true,
      bpf_hash_verified: true,
    },
  });
});

test('the sparse document of the FEB snapshot is read', () => {
  const feb = {
    ok: true,
    capability: 'Full',
    mode: 'enforce',
    kernel_version: '6.1.0',
    features: { bpf_lsm: true, cgroup_v2: true, btf: true },
    checks: {
      prereqs: true,
      bpf_load: true,
      required_maps: true,
      layout_version: true,
      required_pins: true,
      network_pins: true,
    },
    network_maps_present: true,
  };
  expect(parseHealth(JSON.stringify(feb))).toMatchObject({
    ok: true,
    value: { ok: true, capability: 'Full' },
  });
});

test('an unhealthy report is read with its reason', () => {
  const text = edited((document) => {
    document.ok = false;
    document.error = 'BPF object missing';
    document.degradation_reason = 'bpf_object_missing';
    delete document.map_pressure;
  });
  expect(parseHealth(text)).toMatchObject({
    ok: true,
    value: { ok: false, error: 'BPF object missing', degradation_reason: 'bpf_object_missing' },
  });
});

test('keys of a newer agent are no fault', () => {
  expect(parseHealth(edited((document) => Object.assign(document, { novel: { x: 1 } }))).ok).toBe(
    true,
  );
});

test.each([
  'ok',
  'capability',
  'mode',
  'kernel_version',
  'features',
  'checks',
  'network_maps_present',
])('a report without %s is refused at its path', (key) => {
  const error = errorOf(parseHealth(edited((document) => delete document[key])));
  expect(error).toContain(`saw nothing at $.${key}`);
});

test('a check that is not a boolean is refused at its path', () => {
  const text = edited((document) => Object.assign(document.checks as object, { bpf_load: 'true' }));
  expect(errorOf(parseHealth(text))).toBe(
    'health: expected boolean, saw "true" at $.checks.bpf_load',
  );
});

test('a second document after the first is refused', () => {
  expect(errorOf(parseHealth(real + real))).toContain('expected nothing after the JSON document');
});

test('no text and no damage makes it throw', () => {
  alwaysAnswers((text) => errorOf(parseHealth(text)), real, sample('doctor.json'));
});
