import { defineCanary } from 'aegisbpf-canary/config';

export default defineCanary({
  root: import.meta.dirname,
  specs: [{ files: 'canary/*.spec.ts', after: 'audit' }],
});
