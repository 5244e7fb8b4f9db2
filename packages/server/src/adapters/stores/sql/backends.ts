import type { BackendStore } from '../../../ports/store.ts';
import type { SqlDialect } from './dialect.ts';

/** One row per backend; few, and written seldom. */
export function backendStore(dialect: SqlDialect): BackendStore {
  return {
    async list() {
      const rows = await dialect.reader
        .selectFrom('backend')
        .selectAll()
        .select(({ selectFrom }) =>
          selectFrom('backend_slot')
            .select(({ fn }) => fn.countAll<number>().as('taken'))
            .whereRef('backend_slot.backend', '=', 'backend.name')
            .as('taken'),
        )
        .orderBy('name')
        .execute();
      return rows.map(({ name, state, changed_at, seen_at, taken }) => ({
        name,
        state,
        changedAt: changed_at,
        seenAt: seen_at,
        taken: Number(taken ?? 0),
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
