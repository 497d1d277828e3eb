import { defineCanary } from 'aegisbpf-canary/config';
import { payments } from './workloads/payments.ts';

export default defineCanary({
  root: import.meta.dirname,
  specs: [{ files: 'canary/*.spec.ts', after: 'audit' }],
  workloads: [payments],
});
