/**
 * The device number that events and rules carry, major<<20 | minor, of stat's `st_dev`, which
 * glibc packs in another way (docs/agent-contract.md §4.1).
 */
export function kernelDevice(statDev: bigint): number {
  const major = ((statDev >> 8n) & 0xfffn) | ((statDev >> 32n) & 0xffff_f000n);
  const minor = (statDev & 0xffn) | ((statDev >> 12n) & 0xffff_ff00n);
  // Masks as in the agent; the kernel itself has 12 bits of major and 20 of minor.
  return Number(((major & 0xfffn) << 20n) | (minor & 0xf_ffffn));
}
