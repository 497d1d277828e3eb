import { expect, test } from 'vitest';
import type { Survivor } from '../../coverage/survivors.ts';
import { judgeSurvivors } from './survival-list.ts';

const INIT: Survivor = { pid: 1, startTicks: 1, path: '/usr/lib/systemd/systemd', inode: '8:12' };
const shell = (pid: number): Survivor => ({
  ...{ pid, startTicks: 9, path: '/usr/bin/dash', inode: '8:34' },
});

test('each running program counts once, whatever else the list holds', () => {
  const judgement = judgeSurvivors([INIT, shell(7), shell(8)], ['8:1', '8:12', '8:34']);
  expect(judgement).toMatchObject({ verdict: 'pass', value: 2, limit: 2 });
  expect(judgement.explanation).toBe(
    '2 running programs on the survival list, that of pid 1 among them',
  );
});

test('a list without one of them fails, with its program', () => {
  const judgement = judgeSurvivors([INIT, shell(7)], ['8:34']);
  expect(judgement).toMatchObject({ verdict: 'fail', value: 1, limit: 2 });
  expect(judgement.explanation).toMatch(
    /lacks .*: \/usr\/lib\/systemd\/systemd \(pid 1, inode 8:12\)$/,
  );
});

test('nothing follows where none of them ran', () => {
  expect(() => judgeSurvivors([], ['8:12'])).toThrow(/no program/);
});

test('a list that is full says nothing of what it lacks', () => {
  const full = Array.from({ length: 256 }, (_, index) => `8:${index + 100}`);
  expect(judgeSurvivors([INIT], full)).toMatchObject({ verdict: 'inconclusive', blames: 'host' });
  expect(judgeSurvivors([INIT], full.slice(1)).verdict).toBe('fail');
});
