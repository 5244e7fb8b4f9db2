import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from './dialect.ts';
import { MIGRATIONS } from './migrations/index.ts';
import type { Tables } from './schema.ts';

const PRODUCT = 'inbetween';

/** The database is not ours to use; the message tells the operator why and what to do. */
export class ForeignDatabase extends Error {
  override readonly name = 'ForeignDatabase';
}

/**
 * Brings the schema up to date, all or nothing: from an empty database, or from one that carries our marker.
 *
 * @param where the database's name for messages
 * @throws ForeignDatabase when it holds somebody else's tables, or was migrated by a later version of this program
 */
export async function migrate(dialect: SqlDialect, where: string, now: number): Promise<void> {
  if ((await versionIn(dialect.reader, where)) === MIGRATIONS.length) return;
  await dialect.write(async (transaction) => {
    // Read again: another process may have migrated while this one waited for its turn.
    const version = await versionIn(transaction, where);
    for (const migration of MIGRATIONS.slice(version)) {
      for (const statement of migration(dialect)) await sql.raw(statement).execute(transaction);
    }
    await mark(transaction, version, now);
  });
}

/** The schema version that a database says it has; 0: it is empty. */
async function versionIn(database: Kysely<Tables>, where: string): Promise<number> {
  const names = (await database.introspection.getTables()).map((table) => table.name);
  if (names.length === 0) return 0;
  const marker = names.includes('inbetween')
    ? await database.selectFrom('inbetween').select(['product', 'schema_version']).executeTakeFirst()
    : undefined;
  if (marker?.product !== PRODUCT) {
    throw new ForeignDatabase(
      `${where} holds tables that are not Inbetween's (${names.slice(0, 5).join(', ')}). Name an empty database or one of Inbetween's.`,
    );
  }
  if (marker.schema_version > MIGRATIONS.length) {
    throw new ForeignDatabase(
      `${where} has schema version ${marker.schema_version}; this version of Inbetween knows ${MIGRATIONS.length}. Use the newer version, or restore a backup made before the upgrade.`,
    );
  }
  return marker.schema_version;
}

async function mark(transaction: Kysely<Tables>, from: number, now: number): Promise<void> {
  const marker = { product: PRODUCT, schema_version: MIGRATIONS.length, migrated_at: now };
  if (from === 0) {
    await sql`create table inbetween (product text not null primary key, schema_version integer not null, migrated_at bigint not null)`.execute(
      transaction,
    );
    await transaction.insertInto('inbetween').values(marker).execute();
    return;
  }
  await transaction.updateTable('inbetween').set(marker).execute();
}
