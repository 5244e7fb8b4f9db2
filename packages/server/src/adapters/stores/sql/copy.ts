import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from './dialect.ts';

/** A table as it is copied: its columns, and those that name a row. */
export interface CopiedTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly key: readonly string[];
}

export interface CopiedRows {
  readonly rows: number;
  /** Of them, how many the target did not have, or not so. */
  readonly written: number;
}

/** The target is not a copy of the source; the message tells where it differs. */
export class CopyError extends Error {
  override readonly name = 'CopyError';
}

type Row = Readonly<Record<string, unknown>>;
const BATCH = 200;

/** Any table: its names come from the database itself. */
type AnyTables = Kysely<Record<string, Record<string, unknown>>>;
const anyOf = (database: unknown) => database as AnyTables;

/**
 * Copies a table row by row, in the order of its key, and skips what is there already; run again, it goes on where it was
 * broken off. A row that differs is written anew.
 */
export async function copyTable(from: SqlDialect, to: SqlDialect, table: CopiedTable): Promise<CopiedRows> {
  let rows = 0;
  let written = 0;
  for await (const batch of batchesOf(from, table)) {
    written += await to.write(async (transaction) => {
      const there = new Map((await sameRows(anyOf(transaction), table, batch)).map((row) => [keyOf(table, row), row]));
      const missing = batch.filter((row) => !isEqual(there.get(keyOf(table, row)), row));
      for (const row of missing) {
        if (there.has(keyOf(table, row))) await byKey(anyOf(transaction).deleteFrom(table.name), table, row).execute();
        await anyOf(transaction).insertInto(table.name).values(row).execute();
      }
      return missing.length;
    });
    rows += batch.length;
  }
  return { rows, written };
}

/** Reads both sides and compares them. @throws CopyError */
export async function verifyTable(from: SqlDialect, to: SqlDialect, table: CopiedTable): Promise<number> {
  let rows = 0;
  for await (const batch of batchesOf(from, table)) {
    const there = new Map((await sameRows(anyOf(to.reader), table, batch)).map((row) => [keyOf(table, row), row]));
    const wrong = batch.find((row) => !isEqual(there.get(keyOf(table, row)), row));
    if (wrong !== undefined) throw new CopyError(`${table.name}: the row ${keyOf(table, wrong)} is not what it was.`);
    rows += batch.length;
  }
  const { count } = await anyOf(to.reader)
    .selectFrom(table.name)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  if (Number(count) !== rows)
    throw new CopyError(
      `${table.name}: the target has ${String(count)} rows and the source ${rows}. It has been used since; copy into an empty database.`,
    );
  return rows;
}

async function* batchesOf(from: SqlDialect, table: CopiedTable): AsyncGenerator<readonly Row[]> {
  let after: Row | undefined;
  for (;;) {
    const last = after;
    const batch: readonly Row[] = await anyOf(from.reader)
      .selectFrom(table.name)
      .selectAll()
      .$if(last !== undefined, (query) =>
        query.where(
          sql<boolean>`(${sql.join(table.key.map((name) => sql.ref(name)))}) > (${sql.join(table.key.map((name) => last?.[name]))})`,
        ),
      )
      .orderBy(sql.join(table.key.map((name) => sql.ref(name))))
      .limit(BATCH)
      .execute();
    if (batch.length === 0) return;
    yield batch;
    after = batch.at(-1);
  }
}

/** The target's rows with the keys of these. */
async function sameRows(database: AnyTables, table: CopiedTable, batch: readonly Row[]): Promise<readonly Row[]> {
  return database
    .selectFrom(table.name)
    .selectAll()
    .where(({ or, and, eb }) => or(batch.map((row) => and(table.key.map((name) => eb(name, '=', row[name]))))))
    .execute();
}

function byKey<Query extends { where(name: string, is: '=', value: unknown): Query }>(
  query: Query,
  { key }: CopiedTable,
  row: Row,
): Query {
  return key.reduce((narrowed, name) => narrowed.where(name, '=', row[name]), query);
}

function keyOf({ key }: CopiedTable, row: Row): string {
  return JSON.stringify(key.map((name) => row[name]));
}

function isEqual(a: Row | undefined, b: Row): boolean {
  if (a === undefined) return false;
  return Object.keys(b).every((name) => {
    const [left, right] = [a[name], b[name]];
    if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.compare(left, right) === 0;
    return left === right;
  });
}
