import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

/** What can be said of the Ansible collection without Ansible; `npm run test:fleet` runs it. */
const COLLECTION = join(import.meta.dirname, 'ansible');
const ROLE = join(COLLECTION, 'roles/canary');
const text = (path: string) => readFileSync(join(ROLE, path), 'utf8');

const LISTS = ['block', 'rescue', 'always'] as const;
type Task = Readonly<Record<string, unknown>>;
const tasks = z.array(z.record(z.string(), z.unknown()));

/** Every task of a file, those in blocks too. */
function allTasks(list: unknown): readonly Task[] {
  return tasks
    .parse(list)
    .flatMap((task) => [
      ...(LISTS.some((name) => name in task) ? [] : [task]),
      ...LISTS.flatMap((name) => (name in task ? allTasks(task[name]) : [])),
    ]);
}

const FILES = globSync('tasks/*.yml', { cwd: ROLE }).sort();
const all = FILES.flatMap((file) => allTasks(parse(text(file))).map((task) => ({ file, task })));
const moduleOf = (task: Task) => Object.keys(task).find((key) => key.includes('.')) ?? '';
const argumentsOf = (task: Task) =>
  z.record(z.string(), z.unknown()).catch({}).parse(task[moduleOf(task)]);

/** Modules of ansible-core that the role uses; none of them takes a line for a shell. */
const MODULES = [
  ...['assert', 'command', 'copy', 'debug', 'fetch', 'file', 'find', 'import_tasks'],
  ...['include_tasks', 'set_fact', 'setup', 'slurp', 'stat', 'template', 'unarchive'],
  'wait_for_connection',
];

test('each task has a name and one module of ansible-core, by its full name', () => {
  expect(all.length).toBeGreaterThan(80);
  for (const { file, task } of all) {
    expect(task.name, file).toEqual(expect.any(String));
    expect(MODULES, `${file}: ${task.name}`).toContain(
      moduleOf(task).replace('ansible.builtin.', ''),
    );
  }
});

test('each command is a list of arguments, and no string that something splits', () => {
  for (const { file, task } of all)
    if (moduleOf(task) === 'ansible.builtin.command') {
      const { argv, cmd, _raw_params: raw } = argumentsOf(task);
      expect([typeof argv === 'object' || /^\{\{.*\}\}$/.test(`${argv}`), cmd, raw]).toEqual([
        ...[true, undefined, undefined],
      ]);
      expect(JSON.stringify(argv), file).not.toMatch(/"(sh|bash|-c)"/);
    }
});

test('what is written to or looked at on a host is never followed through a link', () => {
  const following = ['copy', 'template', 'stat'].map((name) => `ansible.builtin.${name}`);
  const onHost = all.filter(
    ({ task }) =>
      following.includes(moduleOf(task)) &&
      JSON.stringify(argumentsOf(task)).match(/canary_(directory|marker)|\{\{ item \}\}/),
  );
  expect(onHost.length).toBeGreaterThan(7);
  for (const { file, task } of onHost)
    expect(argumentsOf(task).follow, `${file}: ${task.name}`).toBe(false);
});

test('everything that is made in the folder on the host is in the list of what is removed', () => {
  const vars = z.object({ canary_shipped_names: z.array(z.string()) });
  const { canary_shipped_names: removed } = vars.parse(parse(text('vars/main.yml')));
  const sources = [...FILES, ...globSync('{templates,vars}/*', { cwd: ROLE })].map(text).join('\n');
  const made = sources.matchAll(/\{\{ canary_directory \}\}\/([\w.-]+)/g);
  const folders = argumentsOf(
    all.find(({ task }) => task.name === 'Make folders in it')?.task ?? {},
  );
  expect(folders.path).toBe('{{ canary_directory }}/{{ item.name }}');
  expect(new Set([...made].map(([, name]) => name))).toEqual(new Set(removed));
  // The marker says whose the rest is.
  expect(removed.at(-1)).toBe('shipped-by-aegisbpf-staging');
});

test('each variable of the role is explained, and has a default or is asked for', () => {
  const option = z.object({
    description: z.string(),
    type: z.string(),
    required: z.boolean().optional(),
  });
  const specs = z.object({
    argument_specs: z.object({ main: z.object({ options: z.record(z.string(), option) }) }),
  });
  const { options } = specs.parse(parse(text('meta/argument_specs.yml'))).argument_specs.main;
  const defaults = z.record(z.string(), z.unknown()).parse(parse(text('defaults/main.yml')));
  const optional = Object.entries(options).filter(([, { required }]) => required !== true);
  // It is needed unless a rehearsal is asked for.
  expect(new Set([...Object.keys(defaults), 'canary_candidate'])).toEqual(
    new Set(optional.map(([name]) => name)),
  );
});

test('the waves stop at the first bad verdict', () => {
  const play = z.array(
    z.object({ serial: z.string(), max_fail_percentage: z.number(), gather_facts: z.boolean() }),
  );
  const playbook = readFileSync(join(COLLECTION, 'playbooks/canary.yml'), 'utf8');
  expect(play.parse(parse(playbook))).toEqual([
    {
      serial: "{{ canary_waves | default([1, '10%', '100%']) }}",
      max_fail_percentage: 0,
      gather_facts: false,
    },
  ]);
});
