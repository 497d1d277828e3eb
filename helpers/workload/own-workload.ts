/** What a workload has done since its last start. */
export interface WorkCounts {
  /** Pieces of work that ended well. */
  readonly completed: number;
  /** Pieces that did not. */
  readonly failed: number;
  /** Why the last of those failed. */
  readonly error?: string;
}

/** Work of a team's own, which must go on beside the agent as it does without it. */
export interface OwnWorkload {
  /** Part of its criteria's ids, and of its decisions in the review: lower-case letters, digits and dashes. */
  readonly name: string;
  /** `import.meta.url` of the module that exports it: a process of its own imports it from there. */
  readonly module: string;
  /** How long one piece of its work takes at most, seconds; 10 where absent. */
  readonly pieceSeconds?: number;
  /** Begins the work, in a process of its own, as root. What it throws is a failure. */
  start(): void | Promise<void>;
  /** Ends it. */
  stop(): void | Promise<void>;
  /** Asked for twice a second. */
  counts(): WorkCounts | Promise<WorkCounts>;
}

const NAME = /^[a-z][a-z0-9-]*$/;

const made = new WeakSet<object>();

/**
 * Names a workload for `defineCanary`; its module must export it.
 * @throws Error where the name has another form, or the module is no file.
 */
export function workload(own: OwnWorkload): OwnWorkload {
  if (!NAME.test(own.name))
    throw new Error(
      `${JSON.stringify(own.name)} cannot name a workload: use letters like those of "payments"`,
    );
  if (!own.module.startsWith('file:'))
    throw new Error(`the workload ${own.name}: module must be import.meta.url`);
  made.add(own);
  return own;
}

/** What a module exports by this name of a workload. @throws Error where there is none. */
export function exportedWorkload(exports: object, name: string): OwnWorkload {
  const found = Object.values(exports).find(
    (one): one is OwnWorkload => made.has(one) && one.name === name,
  );
  if (found === undefined) throw new Error(`it exports no workload that is called ${name}`);
  return found;
}
