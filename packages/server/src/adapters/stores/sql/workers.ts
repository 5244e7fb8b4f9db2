import type { WorkerStore } from '../../../ports/store.ts';
import type { SqlDialect } from './dialect.ts';

/** Rows of workers lost for this long are dropped, so that years of restarts leave no pile. To claims they are the same. */
const FORGET_AFTER_MS = 24 * 3_600_000;

/**
 * Liveness: one row per worker. A worker that is gone keeps its row, with a term that has ended, until no video names it:
 * claims look for what the lost ones held by their names.
 */
export function workerStore(dialect: SqlDialect): WorkerStore {
  return {
    renew: (worker, until) =>
      dialect.write(async (transaction) => {
        await transaction
          .insertInto('worker')
          .values({ id: worker, until })
          .onConflict((conflict) => conflict.column('id').doUpdateSet({ until }))
          .execute();
        await transaction
          .deleteFrom('worker')
          .where('until', '<', until - FORGET_AFTER_MS)
          .where(({ not, exists, selectFrom }) =>
            not(exists(selectFrom('video').select('video.id').whereRef('video.worker', '=', 'worker.id'))),
          )
          .execute();
      }),
    remove: (worker) =>
      dialect.write(async (transaction) => {
        await transaction.updateTable('worker').set({ until: 0 }).where('id', '=', worker).execute();
      }),
    removeAll: () =>
      dialect.write(async (transaction) => {
        await transaction.updateTable('worker').set({ until: 0 }).execute();
      }),
  };
}
