import type { Compilable, Kysely } from 'kysely';
import type { SqlDialect } from './dialect.ts';
import type { Tables } from './schema.ts';

/**
 * A hot query, compiled once: each run binds new values only. Building and compiling cost several times what SQLite
 * needs to find a row by its key.
 *
 * @param build the query with any values in the places of the later ones
 * @returns runs the query with values in the order in which they stand in its text
 */
export function compiled<Row>(
  { reader, direct }: SqlDialect,
  build: (database: Kysely<Tables>) => Compilable<Row>,
): (...values: readonly unknown[]) => Promise<Row | undefined> {
  const query = build(reader).compile();
  if (direct !== undefined) {
    const first = direct.first(query.sql);
    return async (...values) => first(values) as Row | undefined;
  }
  return async (...values) => (await reader.executeQuery<Row>({ ...query, parameters: values })).rows[0];
}

/** The same for a write: the returned function runs it on the transaction it is given and tells how many rows changed. */
export function compiledWrite(
  { reader, direct }: SqlDialect,
  build: (database: Kysely<Tables>) => Compilable<unknown>,
): (transaction: Kysely<Tables>, ...values: readonly unknown[]) => Promise<number> {
  const query = build(reader).compile();
  if (direct !== undefined) {
    const write = direct.write(query.sql);
    return async (_transaction, ...values) => write(values);
  }
  return async (transaction, ...values) => {
    const { numAffectedRows } = await transaction.executeQuery({ ...query, parameters: values });
    return Number(numAffectedRows ?? 0n);
  };
}

/** The same for a read within a transaction: all its rows. */
export function compiledRead<Row>(
  { reader, direct }: SqlDialect,
  build: (database: Kysely<Tables>) => Compilable<Row>,
): (transaction: Kysely<Tables>, ...values: readonly unknown[]) => Promise<readonly Row[]> {
  const query = build(reader).compile();
  if (direct !== undefined) {
    const all = direct.all(query.sql);
    return async (_transaction, ...values) => all(values) as readonly Row[];
  }
  return async (transaction, ...values) => (await transaction.executeQuery<Row>({ ...query, parameters: values })).rows;
}
