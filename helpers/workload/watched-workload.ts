/** Something of the operator's did not work at a moment. */
export interface Failure {
  /** ISO 8601. */
  readonly at: string;
  /** `exit 1`, a signal, `it is failed`, or why it could not be started or asked. */
  readonly end: string;
  /** The end of what it wrote. */
  readonly words: string;
  /** How long it had worked until then; 0 where it is known to work for longer without the agent. */
  readonly ms: number;
  /** It was so at the first look: what had come of it before. */
  readonly isStanding?: true;
}

/** What must work beside the agent as it does without it. It begins when it is made. */
export interface WatchedWorkload {
  /** How often its work was done and ended well. */
  readonly completed: number;
  readonly failed: number;
  /** The first of them. */
  readonly failures: readonly Failure[];
  /** The end of what it told, for the evidence. */
  readonly output: string;
  /** What it did where nothing failed: `ended with exit code 0 3 times`. */
  readonly told: string;
  /** Why it shows nothing of what it does beside the agent, though nothing failed: it did not come to its end. */
  readonly stuck?: string | undefined;
  /** Why nobody knows how it ended beside the agent, though nothing failed. */
  readonly unwatched?: string | undefined;
  /** Why nobody knows whether all was well, though nothing failed, and what to do. */
  readonly untold?: string | undefined;
  /** Waits until its work was done once or has failed, or for this time. */
  untilItEnds(timeoutMs: number): Promise<void>;
  /** Waits until it has failed, or has shown for this time that it does not: by what it has done once where that is all it can show. */
  trial(timeoutMs: number): Promise<void>;
  /** Ends what we began of it. */
  stop(): Promise<void>;
}
