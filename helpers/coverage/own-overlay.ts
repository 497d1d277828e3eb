import { chmodSync, constants, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kernelDevice } from '../agent/contract/kernel-device.ts';
import type { OwnFile } from '../changes/own-file.ts';
import { openAndClose } from './file-routes.ts';
import { call } from './libc.ts';
import { FILES } from './site.ts';
import type { Route } from './table.ts';

/** What is copied up once is not copied up again: without a rule, in audit, twice by a full ring, in enforce and by the previous version another file is changed. */
const ROUNDS = [0, 1, 2, 3, 4, 5];
const inRounds = (name: string) => ROUNDS.map((round) => `${name}-${round}`);
const DENIED = ['read', ...inRounds('chmod'), ...inRounds('truncate')];
const LAYERS = ['lower', 'upper', 'work', 'merged'] as const;

const layer = (directory: string, name: (typeof LAYERS)[number]) =>
  join(directory, FILES.overlay, name);

/** The layers of an overlay, on one filesystem: only then its files have numbers of the overlay's own device. */
export function makeLayers(directory: string): void {
  mkdirSync(join(directory, FILES.overlay));
  for (const name of LAYERS) mkdirSync(layer(directory, name));
  for (const name of [...DENIED, ...inRounds('beside')])
    writeFileSync(join(layer(directory, 'lower'), name), 'AegisBPF staging canary\n');
}

/** Mounts it in this process's own mount namespace, where it stays as long as the process lives. */
export function overlayRoutes(directory: string): Partial<Record<Route, () => void>> {
  const [lower, upper, work, merged] = LAYERS.map((name) => layer(directory, name));
  const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  call('mount', 'overlay', merged ?? '', 'overlay', 0, layers);
  const at = (name: string) => join(merged ?? '', name);
  const each = (name: string, change: (path: string) => void) => {
    const files = inRounds(name).values();
    return () => change(at(files.next().value ?? `${name} once more`));
  };
  const copyUp = (path: string) => chmodSync(path, 0o640);
  return {
    'merged-read': () => openAndClose(at('read'), constants.O_RDONLY),
    'merged-chmod': each('chmod', copyUp),
    'merged-truncate': each('truncate', (path) => call('truncate', path, 0)),
    'merged-beside': each('beside', copyUp),
    'merged-lower': () => openAndClose(join(lower ?? '', 'read'), constants.O_RDONLY),
  };
}

/** Those that are to be denied, as the process that mounted the overlay sees them. */
export function mergedFiles(pid: number, directory: string): readonly OwnFile[] {
  return DENIED.map((name) => {
    const path = join(`/proc/${pid}/root`, layer(directory, 'merged'), name);
    const stat = statSync(path, { bigint: true });
    return { path, content: '', dev: kernelDevice(stat.dev), ino: Number(stat.ino), stat };
  });
}
