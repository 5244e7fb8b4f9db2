import type { Insertable, Selectable } from 'kysely';
import type { ApiKey, KeyLimits, Scope } from '../../../domain/api-key.ts';
import type { OwnerId } from '../../../domain/id.ts';
import type { Owner, OwnerLimits } from '../../../domain/owner.ts';
import type { KeyStore } from '../../../ports/store.ts';
import { compiled } from './compiled.ts';
import type { SqlDialect } from './dialect.ts';
import type { ApiKeyTable, OwnerTable } from './schema.ts';

/** Owners and their keys. */
export function keyStore(dialect: SqlDialect): KeyStore {
  const { reader } = dialect;
  const byHash = compiled(dialect, (database) => database.selectFrom('api_key').selectAll().where('hash', '=', ''));
  const ownerById = compiled(dialect, (database) =>
    database
      .selectFrom('owner')
      .selectAll()
      .where('id', '=', '' as OwnerId),
  );

  return {
    async owner(id) {
      const row = await ownerById(id);
      return row === undefined ? undefined : ownerOf(row);
    },
    addOwner: ({ id, createdAt, limits }) =>
      dialect.write(async (transaction) => {
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto('owner')
          .values({ id, created_at: createdAt, ...limitColumns(limits) })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst();
        return numInsertedOrUpdatedRows === 1n;
      }),
    async owners({ limit, after }) {
      const rows = await reader
        .selectFrom('owner')
        .selectAll()
        .$if(after !== undefined, (query) => query.where('id', '>', after as OwnerId))
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      return { items: rows.slice(0, limit).map(ownerOf), hasMore: rows.length > limit };
    },
    setLimits: (id, limits) =>
      dialect.write(async (transaction) => {
        const { numUpdatedRows } = await transaction
          .updateTable('owner')
          .set(limitColumns(limits))
          .where('id', '=', id)
          .executeTakeFirst();
        return numUpdatedRows === 1n;
      }),
    add: (key) =>
      dialect.write(async (transaction) => {
        await transaction.insertInto('api_key').values(rowOf(key)).execute();
      }),
    async byHash(hash) {
      const row = await byHash(hash);
      return row === undefined ? undefined : keyOf(row);
    },
    async list(owner) {
      const rows = await reader
        .selectFrom('api_key')
        .selectAll()
        .$if(owner !== undefined, (query) => query.where('owner', '=', owner as OwnerId))
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(keyOf);
    },
    revoke: (id, at) =>
      dialect.write(async (transaction) => {
        const { numUpdatedRows } = await transaction
          .updateTable('api_key')
          .set({ revoked_at: at })
          .where('id', '=', id)
          .where('revoked_at', 'is', null)
          .executeTakeFirst();
        return numUpdatedRows === 1n;
      }),
    touch: (uses) =>
      dialect.write(async (transaction) => {
        for (const [id, at] of uses) {
          await transaction
            .updateTable('api_key')
            .set({ last_used_at: at })
            .where('id', '=', id)
            // Several processes note uses; an earlier one must not overwrite a later one.
            .where(({ eb, or }) => or([eb('last_used_at', 'is', null), eb('last_used_at', '<', at)]))
            .execute();
        }
      }),
  };
}

function limitColumns(limits: OwnerLimits): Pick<Insertable<OwnerTable>, 'limits' | 'running_limit'> {
  return { limits: JSON.stringify(limits), running_limit: limits.running ?? null };
}

function ownerOf({ id, created_at, limits }: Selectable<OwnerTable>): Owner {
  return { id, createdAt: created_at, limits: JSON.parse(limits) as OwnerLimits };
}

function rowOf(key: ApiKey): Insertable<ApiKeyTable> {
  return {
    id: key.id,
    owner: key.owner,
    name: key.name,
    prefix: key.prefix,
    hash: key.hash,
    scopes: JSON.stringify(key.scopes),
    limits: JSON.stringify(key.limits),
    created_at: key.createdAt,
    expires_at: key.expiresAt,
    revoked_at: key.revokedAt,
    last_used_at: key.lastUsedAt,
  };
}

function keyOf(row: Selectable<ApiKeyTable>): ApiKey {
  return {
    id: row.id,
    owner: row.owner,
    name: row.name,
    prefix: row.prefix,
    hash: row.hash,
    scopes: JSON.parse(row.scopes) as readonly Scope[],
    limits: JSON.parse(row.limits) as KeyLimits,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
  };
}
