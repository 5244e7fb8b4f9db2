import { type Selectable, sql } from 'kysely';
import { Fault } from '../../../domain/fault.ts';
import type { StoredFile } from '../../../domain/file.ts';
import type { OwnerId } from '../../../domain/id.ts';
import type { FileStore } from '../../../ports/store.ts';
import type { SqlDialect } from './dialect.ts';
import type { FileTable } from './schema.ts';

/** Uploaded pictures: what is searched for has a column, the rest is JSON. */
export function fileStore(dialect: SqlDialect): FileStore {
  const { reader } = dialect;

  /** Where the page before ended. */
  async function createdAtOf(owner: OwnerId, after: StoredFile['id']): Promise<number> {
    const row = await reader
      .selectFrom('file')
      .select('created_at')
      .where('id', '=', after)
      .where('owner', '=', owner)
      .executeTakeFirst();
    if (row === undefined)
      throw new Fault('invalid_request', `after: there is no file "${after}".`, { param: 'after' });
    return Number(row.created_at);
  }

  return {
    add: (file) =>
      dialect.write(async (transaction) => {
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto('file')
          .values(rowOf(file))
          .onConflict((conflict) => conflict.column('id').doNothing())
          .executeTakeFirst();
        return numInsertedOrUpdatedRows === 1n;
      }),
    async find(id, owner) {
      const row = await reader
        .selectFrom('file')
        .selectAll()
        .where('id', '=', id)
        .where('owner', '=', owner)
        .executeTakeFirst();
      return row === undefined ? undefined : fileOf(row);
    },
    async list(owner, { limit, after, order }) {
      const at = after === undefined ? undefined : await createdAtOf(owner, after);
      const rows = await reader
        .selectFrom('file')
        .selectAll()
        .where('owner', '=', owner)
        .$if(at !== undefined, (query) =>
          query.where(sql<boolean>`(created_at, id) ${sql.raw(order === 'asc' ? '>' : '<')} (${at}, ${after})`),
        )
        .orderBy('created_at', order)
        .orderBy('id', order)
        .limit(limit + 1)
        .execute();
      return { items: rows.slice(0, limit).map(fileOf), hasMore: rows.length > limit };
    },
    remove: (id) =>
      dialect.write(async (transaction) => {
        const { numDeletedRows } = await transaction.deleteFrom('file').where('id', '=', id).executeTakeFirst();
        return numDeletedRows === 1n;
      }),
    async expired(now, limit) {
      const rows = await reader
        .selectFrom('file')
        .selectAll()
        .where('expires_at', '<=', now)
        .orderBy('expires_at')
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(fileOf);
    },
    async exists(id) {
      return (await reader.selectFrom('file').select('id').where('id', '=', id).executeTakeFirst()) !== undefined;
    },
  };
}

type Body = Omit<StoredFile, 'id' | 'owner' | 'createdAt' | 'expiresAt'>;

function rowOf({ id, owner, createdAt, expiresAt, ...body }: StoredFile): FileTable {
  return { id, owner, created_at: createdAt, expires_at: expiresAt, body: JSON.stringify(body) };
}

function fileOf({ id, owner, created_at, expires_at, body }: Selectable<FileTable>): StoredFile {
  return {
    ...(JSON.parse(body) as Body),
    id,
    owner,
    createdAt: Number(created_at),
    expiresAt: expires_at === null ? null : Number(expires_at),
  };
}
