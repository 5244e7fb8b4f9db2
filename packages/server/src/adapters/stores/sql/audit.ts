import type { AuditEntry } from '../../../domain/audit.ts';
import type { AuditStore } from '../../../ports/audit.ts';
import type { SqlDialect } from './dialect.ts';

/** The audit log. Ids sort by time, so they are the order of the pages as well. */
export function auditStore(dialect: SqlDialect): AuditStore {
  return {
    add: (entry) =>
      dialect.write(async (transaction) => {
        await transaction
          .insertInto('audit')
          .values({ ...entry, detail: JSON.stringify(entry.detail) })
          .execute();
      }),
    async list({ limit, after }) {
      const rows = await dialect.reader
        .selectFrom('audit')
        .selectAll()
        .$if(after !== undefined, (query) => query.where('id', '<', after as string))
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
      const items = rows.slice(0, limit).map((row) => ({ ...row, detail: JSON.parse(row.detail) }) as AuditEntry);
      return { items, hasMore: rows.length > limit };
    },
  };
}
