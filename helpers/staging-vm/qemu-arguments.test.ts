import { describe, expect, test } from 'vitest';
import { kernelArguments, type Machine, qemuArguments } from './qemu-arguments.ts';

const machine: Machine = {
  accelerator: 'tcg',
  memoryMb: 1024,
  cpus: 1,
  lsm: 'yama,bpf',
  append: 'mitigations=off',
  login: undefined,
  boot: { disk: '/c/root.raw', kernel: '/c/vmlinuz', initrd: '/c/initrd.img' },
  overlay: '/c/a,b/root.qcow2',
  jobDisk: '/c/job.raw',
  console: '/c/console.log',
};

describe("QEMU's arguments", () => {
  test('name the overlay and never the shared disk', () => {
    const all = qemuArguments(machine).join(' ');
    expect(all).toContain('file=/c/a,,b/root.qcow2,if=virtio,format=qcow2');
    expect(all).not.toContain('/c/root.raw');
  });

  test('end the VM on a panic, and keep it off the network', () => {
    expect(qemuArguments(machine)).toEqual(expect.arrayContaining(['-no-reboot', '-nic', 'none']));
    expect(kernelArguments(machine)).toMatch(/\bpanic=-1 softlockup_panic=1 watchdog_thresh=60\b/);
  });

  test('give a guest that is logged in to the loopback and no other network', () => {
    const login = { port: 2222, keys: '/k' };
    expect(qemuArguments({ ...machine, login })).toContain(
      'user,model=virtio-net-pci,restrict=on,hostfwd=tcp:127.0.0.1:2222-:22',
    );
  });

  test("set the LSM list and the operator's own, and the clock only without KVM", () => {
    expect(kernelArguments(machine)).toMatch(/clocksource=tsc lsm=yama,bpf mitigations=off$/);
    expect(kernelArguments({ ...machine, accelerator: 'kvm' })).not.toContain('clocksource');
    expect(kernelArguments({ ...machine, lsm: '' })).not.toContain('lsm=');
  });

  test('leave the initrd out for a kernel that needs none', () => {
    const boot = { disk: '/d', kernel: '/k', initrd: undefined };
    expect(qemuArguments({ ...machine, boot })).not.toContain('-initrd');
  });
});
