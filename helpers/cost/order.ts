/** What a block works beside. */
export type Configuration = 'none' | 'audit' | 'enforce';
export type AgentMode = Exclude<Configuration, 'none'>;

/** Numbers from 0 to 1 that a seed decides on (mulberry32), so that an order can be had again. */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A random order, each as likely as any other. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const keyed = items.map((item) => ({ item, key: random() }));
  return keyed.sort((one, other) => one.key - other.key).map(({ item }) => item);
}

/**
 * The blocks in their order: one without the agent before and after each with it, so that a drift of the host hits both alike. The
 * modes take turns as ABBA, and chance decides which one is A.
 * @param each how many blocks of each mode.
 */
export function blockOrder(each: number, random: () => number): Configuration[] {
  const [first, second]: AgentMode[] = random() < 0.5 ? ['audit', 'enforce'] : ['enforce', 'audit'];
  if (first === undefined || second === undefined) return [];
  const modes = Array.from({ length: each }, (_, index) =>
    index % 2 === 0 ? [first, second] : [second, first],
  ).flat();
  return ['none', ...modes.flatMap((mode): Configuration[] => [mode, 'none'])];
}
