import { expect, it } from 'vitest';
import type { AuditEntry } from '../../domain/audit.ts';
import { NOW } from './fixtures.contract.ts';
import { type OpenStore, subject } from './subject.contract.ts';

const entry = (n: number): AuditEntry => ({
  id: `audit_${n}`,
  at: NOW + n,
  actor: 'command line',
  address: n % 2 === 0 ? null : '2001:db8::1',
  request: n % 2 === 0 ? null : `req_${n}`,
  action: 'key.created',
  subject: `key_${n}`,
  detail: { scopes: ['admin'], name: '“x” \u2028', expires_at: null },
});

export function auditContract(open: OpenStore): void {
  const at = subject(open);

  it('keeps what was done, newest first, in pages', async () => {
    for (const n of [1, 2, 3]) await at.store.audit.add(entry(n));
    expect(await at.store.audit.list({ limit: 2 })).toStrictEqual({ items: [entry(3), entry(2)], hasMore: true });
    expect(await at.store.audit.list({ limit: 2, after: 'audit_2' })).toStrictEqual({
      items: [entry(1)],
      hasMore: false,
    });
  });

  it('never overwrites', async () => {
    await at.store.audit.add(entry(1));
    await expect(at.store.audit.add({ ...entry(1), actor: 'somebody else' })).rejects.toThrow();
    expect((await at.store.audit.list({ limit: 9 })).items).toStrictEqual([entry(1)]);
  });
}
