import Database from 'better-sqlite3';
import { createPostgresDialect } from './postgres/dialect.ts';
import { nameOf } from './postgres/open.ts';
import { createPool } from './postgres/pool.ts';
import { type CopiedRows, type CopiedTable, CopyError, copyTable, verifyTable } from './sql/copy.ts';
import { migrate } from './sql/migrate.ts';
import { createSqliteDialect } from './sqlite/dialect.ts';

/** Belongs to each database itself. */
const MARKER = 'inbetween';
/** Two installations have different ones; the same one says that a copy was begun before. */
const SIGNATURE = 'content-url-1';

export interface CopyProgress {
  readonly table: string;
  readonly rows: number;
  readonly written: number;
}

/**
 * Copies every table of an embedded database into a PostgreSQL database, then reads both and compares them. Neither may be
 * in use meanwhile. Broken off, it is run again.
 *
 * @throws ForeignDatabase, CopyError
 */
export async function copySqliteToPostgres(
  path: string,
  url: string,
  progress: (progress: CopyProgress) => void,
  now: number = Date.now(),
): Promise<void> {
  const from = createSqliteDialect(path);
  const to = createPostgresDialect(createPool({ url, connections: 3, onBroken() {} }));
  try {
    await migrate(from, path, now);
    await migrate(to, nameOf(url), now);
    await requireSameInstallation();
    const tables = tablesOf(path);
    for (const table of tables) {
      const { rows, written }: CopiedRows = await copyTable(from, to, table);
      progress({ table: table.name, rows, written });
    }
    for (const table of tables) await verifyTable(from, to, table);
  } finally {
    await from.close();
    await to.close();
  }

  async function requireSameInstallation(): Promise<void> {
    const secretIn = async ({ reader }: typeof to) =>
      (await reader.selectFrom('secret').select('value').where('name', '=', SIGNATURE).executeTakeFirst())?.value;
    const theirs = await secretIn(to);
    const others = await to.reader.selectFrom('video').select('id').limit(1).executeTakeFirst();
    if (theirs === undefined && others === undefined) return;
    if (theirs !== undefined && theirs === (await secretIn(from))) return;
    throw new CopyError(`${nameOf(url)} holds another installation's videos. Name an empty database.`);
  }
}

/** All tables with their keys, each behind those that its rows refer to. */
function tablesOf(path: string): readonly CopiedTable[] {
  const database = new Database(path, { readonly: true });
  try {
    const names = database
      .prepare<[], { name: string }>("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")
      .all()
      .map(({ name }) => name)
      .filter((name) => name !== MARKER);
    const left = new Map(
      names.map((name) => {
        const parents = database.pragma(`foreign_key_list(${name})`) as readonly { readonly table: string }[];
        return [name, new Set(parents.map(({ table }) => table).filter((parent) => parent !== name))];
      }),
    );
    const ordered: CopiedTable[] = [];
    while (left.size > 0) {
      const ready = [...left].filter(([, parents]) => ![...parents].some((parent) => left.has(parent)));
      if (ready.length === 0) throw new Error('tables refer to each other in a circle');
      for (const [name] of ready) {
        left.delete(name);
        const columns = database.pragma(`table_info(${name})`) as readonly {
          readonly name: string;
          readonly pk: number;
        }[];
        const key = columns.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk);
        ordered.push({ name, columns: columns.map((column) => column.name), key: key.map((column) => column.name) });
      }
    }
    return ordered;
  } finally {
    database.close();
  }
}
