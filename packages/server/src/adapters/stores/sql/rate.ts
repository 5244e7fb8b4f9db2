import { sql } from 'kysely';
import type { Rate } from '../../../ports/rate.ts';
import type { SqlDialect } from './dialect.ts';

/** One row per backend says when its next request may be made; each taker moves it on in one statement. */
export function rateOf(dialect: SqlDialect): Rate {
  return {
    async take(backend, now, perSecond) {
      const at = now * 1000;
      const step = Math.ceil(1_000_000 / perSecond);
      const { next_at } = await dialect.write((transaction) =>
        transaction
          .insertInto('backend_rate')
          .values({ backend, next_at: at + step })
          .onConflict((conflict) =>
            conflict.column('backend').doUpdateSet({
              next_at: sql<number>`case when backend_rate.next_at > ${at} then backend_rate.next_at else ${at} end + ${step}`,
            }),
          )
          .returning('next_at')
          .executeTakeFirstOrThrow(),
      );
      return Math.max(0, Math.ceil((Number(next_at) - step - at) / 1000));
    },
  };
}
