import type { SecretStore } from '../../../ports/store.ts';
import type { SqlDialect } from './dialect.ts';

/** Secrets of the installation: the first one stored under a name stays. */
export function secretStore(dialect: SqlDialect): SecretStore {
  return {
    ensure: (name, fresh, at) =>
      dialect.write(async (transaction) => {
        await transaction
          .insertInto('secret')
          .values({ name, value: fresh, created_at: at })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        const { value } = await transaction
          .selectFrom('secret')
          .select('value')
          .where('name', '=', name)
          .executeTakeFirstOrThrow();
        return value;
      }),
  };
}
