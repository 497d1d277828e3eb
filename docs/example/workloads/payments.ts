import { readFile } from 'node:fs/promises';
import { workload } from 'aegisbpf-canary/workload';

// What the service does all day; here it only reads what it would need.
const counts = { completed: 0, failed: 0, error: '' };
let paying: NodeJS.Timeout | undefined;

async function pay() {
  try {
    await readFile('/usr/lib/os-release');
    counts.completed += 1;
  } catch (error) {
    counts.failed += 1;
    counts.error = String(error);
  }
}

export const payments = workload({
  name: 'payments',
  module: import.meta.url,
  start: () => {
    paying = setInterval(pay, 100);
  },
  stop: () => clearInterval(paying),
  counts: () => counts,
});
