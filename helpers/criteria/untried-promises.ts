/** What the agent promises and no run tries, and why. */
export const UNTRIED_PROMISES: Readonly<Record<string, string>> = {
  '[trusted_exec_hash]':
    'on a kernel with IMA it denies every program whose hash is not on its list, and version 0.10.0 leaves the list empty: no process of a run could be started any more',
};
