import { describe, expect, test } from 'vitest';
import { readOptions } from './options.ts';

const read = (...argv: string[]) => readOptions(argv, { XDG_CACHE_HOME: '/var/cache' });

describe('the options', () => {
  test('have defaults', () => {
    expect(read()).toMatchObject({
      kernels: ['linux-image-cloud-amd64'],
      release: 'bookworm',
      accelerator: 'auto',
      memoryMb: 2048,
      timeoutSeconds: 1800,
      cache: '/var/cache/aegisbpf-canary/staging-vm',
      command: [],
    });
    expect(read().lsm.split(',')).toContain('bpf');
  });

  test('end at the first --; what follows is the command as it stands', () => {
    const options = read(
      '--kernel',
      'linux-image-amd64',
      '--lsm=',
      '--',
      'sh',
      '-c',
      'x -- y',
      '--',
    );
    expect(options.kernels).toEqual(['linux-image-amd64']);
    expect(options.lsm).toBe('');
    expect(options.command).toEqual(['sh', '-c', 'x -- y', '--']);
  });

  test('take several kernels, each once', () => {
    expect(read('--kernel', 'aa', '--kernel', 'bb', '--kernel', 'aa').kernels).toEqual([
      'aa',
      'bb',
    ]);
  });

  test('are refused all at once, with those of the knobs', () => {
    const bad = ['--memory', '1', '--lsm', 'a b', '--kernel', './none', '--speed=9', 'ls'];
    let message = '';
    try {
      readOptions(bad, {}, ['PHASE="x": expected all']);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(/^6 settings cannot be used; nothing was started:/);
    for (const word of ['--memory', '--lsm', '--kernel', '--speed', '"ls"', 'PHASE'])
      expect(message).toContain(word);
  });

  test('force KVM or emulation, or nothing else', () => {
    for (const accelerator of ['auto', 'kvm', 'tcg'])
      expect(read('--accelerator', accelerator)).toMatchObject({ accelerator });
    expect(() => read('--accelerator', 'hvf')).toThrow(
      '--accelerator "hvf": expected auto, kvm, tcg',
    );
  });

  test('name the port and the keys of a login together, for one VM', () => {
    const [port, key] = ['--ssh-port=2222', `--ssh-key=${import.meta.filename}`];
    expect(read(port, key).login).toEqual({ port: 2222, keys: import.meta.filename });
    expect(read().login).toBeUndefined();
    for (const one of [port, key])
      expect(() => read(one)).toThrow('--ssh-port and --ssh-key: give both, or none');
    expect(() => read(port, key, '--kernel=aa', '--kernel=bb')).toThrow('give one kernel');
    expect(() => read('--ssh-port=22', key)).toThrow(/--ssh-port "22": .*1024/);
  });

  test('say that a value is missing', () => {
    expect(() => read('--timeout')).toThrow(/--timeout: expected a value/);
  });
});
