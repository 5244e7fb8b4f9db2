import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from './dialect.ts';
import { MIGRATIONS, OLDEST_NEIGHBOUR } from './migrations/index.ts';
import type { Tables } from './schema.ts';

const PRODUCT = 'inbetween';

/** The database is not ours to use; the message tells the operator why and what to do. */
export class ForeignDatabase extends Error {
  override readonly name = 'ForeignDatabase';
}

/** What a migration did. */
export interface Migrated {
  readonly from: number;
  readonly to: number;
}

/**
 * Brings the schema up to date, all or nothing: from an empty database, or from one that carries our marker. A database
 * that a newer version has migrated is left as it is, as long as that version says that this one may go on with it.
 *
 * @param where the database's name for messages
 * @throws ForeignDatabase when it holds somebody else's tables, or was migrated by a version too far ahead
 */
export async function migrate(dialect: SqlDialect, where: string, now: number): Promise<Migrated> {
  const before = await versionIn(dialect, dialect.reader, where);
  if (before >= MIGRATIONS.length) return { from: before, to: before };
  return dialect.write(async (transaction) => {
    await dialect.alone(transaction, 'migrate');
    // Read again: another process may have migrated while this one waited for its turn.
    const from = await versionIn(dialect, transaction, where);
    if (from >= MIGRATIONS.length) return { from, to: from };
    if (from === 0) await makeMarker(transaction, now);
    for (const migration of MIGRATIONS.slice(from)) {
      for (const statement of migration(dialect)) await sql.raw(statement).execute(transaction);
    }
    const to = MIGRATIONS.length;
    await transaction
      .updateTable('inbetween')
      .set({ schema_version: to, oldest_neighbour: OLDEST_NEIGHBOUR, migrated_at: now })
      .execute();
    return { from, to };
  });
}

/**
 * Says whether this program can work on the database as it is, for processes that must not migrate it.
 *
 * @throws ForeignDatabase when it cannot
 */
export async function requireMigrated(dialect: SqlDialect, where: string): Promise<void> {
  const version = await versionIn(dialect, dialect.reader, where);
  if (version >= MIGRATIONS.length) return;
  const state =
    version === 0 ? 'is empty' : `has schema version ${version}, and this version needs ${MIGRATIONS.length}`;
  throw new ForeignDatabase(`${where} ${state}. Run "inbetween migrate" once, then start this again.`);
}

/** The schema version that a database says it has; 0: it is empty. */
async function versionIn(dialect: SqlDialect, database: Kysely<Tables>, where: string): Promise<number> {
  const names = await dialect.tables(database);
  if (names.length === 0) return 0;
  // All columns: the marker of an old database has fewer.
  const marker = names.includes('inbetween')
    ? await database.selectFrom('inbetween').selectAll().executeTakeFirst()
    : undefined;
  if (marker?.product !== PRODUCT) {
    throw new ForeignDatabase(
      `${where} holds tables that are not Inbetween's (${names.slice(0, 5).join(', ')}). Name an empty database or one of Inbetween's.`,
    );
  }
  const oldest = marker.oldest_neighbour ?? marker.schema_version;
  if (oldest > MIGRATIONS.length) {
    throw new ForeignDatabase(
      `${where} has schema version ${marker.schema_version}; this version of Inbetween knows ${MIGRATIONS.length}. Use the newer version, or restore a backup made before the upgrade.`,
    );
  }
  return marker.schema_version;
}

/** Made before everything else, so that a step may change it like any other table. */
async function makeMarker(transaction: Kysely<Tables>, now: number): Promise<void> {
  await sql`create table inbetween (product text not null primary key, schema_version integer not null, migrated_at bigint not null)`.execute(
    transaction,
  );
  await transaction.insertInto('inbetween').values({ product: PRODUCT, schema_version: 0, migrated_at: now }).execute();
}
