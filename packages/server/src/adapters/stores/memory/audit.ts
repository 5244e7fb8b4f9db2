import type { AuditStore } from '../../../ports/audit.ts';
import { frozen, type State } from './state.ts';

/** The audit log. */
export function auditStore({ audit }: State): AuditStore {
  return {
    async add(entry) {
      if (audit.some(({ id }) => id === entry.id)) throw new Error(`${entry.id} is stored already`);
      audit.push(frozen(entry));
    },
    async list({ limit, after }) {
      const found = audit
        .filter(({ id }) => after === undefined || id < after)
        .toSorted((a, b) => (a.id < b.id ? 1 : -1));
      return { items: found.slice(0, limit), hasMore: found.length > limit };
    },
  };
}
