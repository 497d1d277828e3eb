import { expect, test } from 'vitest';
import { JudgementError } from '../../criteria/judgement.ts';
import { refuseWhatStays } from './candidate-policy.ts';

const host = (pins: 'none before' | 'there before', DISPOSABLE_HOST = false) => ({
  settings: { DISPOSABLE_HOST },
  startedWithoutPins: () => pins === 'none before',
});
const STICKY = 'version=1\n[deny_path]\n/srv/x\n[ deny_ptrace ]\n[deny_bpf]\n';

test('a policy whose sections no policy takes back is not applied where the pins stay', () => {
  const apply = () => refuseWhatStays(host('there before'), STICKY);
  expect(apply).toThrow(JudgementError);
  expect(apply).toThrow(/^CANDIDATE_POLICY has \[deny_ptrace\] and \[deny_bpf\], which no policy/);
});

test('it is where they go with the pins, and on a host that is thrown away', () => {
  refuseWhatStays(host('none before'), STICKY);
  refuseWhatStays(host('there before', true), STICKY);
});

test('a policy without them is applied on every host', () => {
  refuseWhatStays(host('there before'), 'version=1\n# [deny_bpf]\n[deny_path]\n/srv/x\n');
});
