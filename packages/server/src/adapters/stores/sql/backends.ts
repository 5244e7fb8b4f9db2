import type { BackendStore } from '../../../ports/store.ts';
import type { SqlDialect } from './dialect.ts';

/** One row per backend; few, and written seldom. */
export function backendStore(dialect: SqlDialect): BackendStore {
  return {
    async list() {
      const rows = await dialect.reader.selectFrom('backend').selectAll().orderBy('name').execute();
      return rows.map(({ name, state, changed_at, seen_at }) => ({
        name,
        state,
        changedAt: changed_at,
        seenAt: seen_at,
      }));
    },
    async seen(names, at) {
      if (names.length === 0) return;
      await dialect.write(async (transaction) => {
        await transaction
          .insertInto('backend')
          .values(names.toSorted().map((name) => ({ name, state: 'open', changed_at: at, seen_at: at }) as const))
          .onConflict((conflict) => conflict.column('name').doUpdateSet({ seen_at: at }))
          .execute();
      });
    },
    set: (name, state, at) =>
      dialect.write(async (transaction) => {
        await transaction
          .insertInto('backend')
          .values({ name, state, changed_at: at, seen_at: 0 })
          .onConflict((conflict) => conflict.column('name').doUpdateSet({ state, changed_at: at }))
          .execute();
      }),
  };
}
