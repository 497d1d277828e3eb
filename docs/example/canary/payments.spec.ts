import { atMost, attach, criterion, section, soakOf } from 'aegisbpf-canary';

section('payments', () => {
  criterion(
    'payments.audit-trail',
    {
      title: 'the audit trail of payments lost no event',
      phases: ['audit'],
      needs: ['audit.soak'],
    },
    () => {
      const soak = soakOf('audit');
      attach('samples.json', JSON.stringify(soak.samples));
      return atMost(soak.delta('aegisbpf_ringbuf_drops_total'), { limit: 0, unit: 'events' });
    },
  );
});
