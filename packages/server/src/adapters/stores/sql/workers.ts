import type { WorkerStore } from '../../../ports/store.ts';
import type { SqlDialect } from './dialect.ts';

/** Rows of workers lost for this long are dropped, so that years of restarts leave no pile. To claims they are the same. */
const FORGET_AFTER_MS = 24 * 3_600_000;

/** Liveness: one row per worker. */
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
          .execute();
      }),
    remove: (worker) =>
      dialect.write(async (transaction) => {
        await transaction.deleteFrom('worker').where('id', '=', worker).execute();
      }),
    removeAll: () =>
      dialect.write(async (transaction) => {
        await transaction.deleteFrom('worker').execute();
      }),
  };
}
