export type AgentMode = 'audit' | 'enforce';
/** What a block works beside: the candidate in a mode, or the version that production runs, in enforce mode. */
export type Beside = AgentMode | 'previous';
export type Configuration = 'none' | Beside;

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
  const left = [...items];
  return items.flatMap(() =>
    left.splice(left.length > 1 ? Math.floor(random() * left.length) : 0, 1),
  );
}

/**
 * The blocks in their order: one without the agent before and after each with it, so that a drift of the host hits both alike. They
 * take turns as ABBA, or ABCCBA, and chance decides which one is A.
 * @param each how many blocks of each.
 */
export function blockOrder(
  each: number,
  random: () => number,
  besides: readonly Beside[] = ['audit', 'enforce'],
): Configuration[] {
  const turn = shuffled(besides, random);
  const turns = Array.from({ length: each }, (_, index) =>
    index % 2 === 0 ? turn : turn.toReversed(),
  );
  return ['none', ...turns.flat().flatMap((beside): Configuration[] => [beside, 'none'])];
}
