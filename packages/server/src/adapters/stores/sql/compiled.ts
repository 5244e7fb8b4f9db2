import type { Compilable, Kysely } from 'kysely';
import type { Tables } from './schema.ts';

/**
 * A hot query, compiled once: each run binds new values only. Building and compiling cost several times what SQLite
 * needs to find a row by its key.
 *
 * @param build the query with any values in the places of the later ones
 * @returns runs the query with values in the order in which they stand in its text
 */
export function compiled<Row>(
  database: Kysely<Tables>,
  build: (database: Kysely<Tables>) => Compilable<Row>,
): (...values: readonly unknown[]) => Promise<Row | undefined> {
  const query = build(database).compile();
  return async (...values) => (await database.executeQuery<Row>({ ...query, parameters: values })).rows[0];
}

/**
 * The same for a write: the returned function runs it on the transaction it is given.
 *
 * @param database any handle of the dialect; only used to compile
 */
export function compiledWrite(
  database: Kysely<Tables>,
  build: (database: Kysely<Tables>) => Compilable<unknown>,
): (transaction: Kysely<Tables>, ...values: readonly unknown[]) => Promise<number> {
  const query = build(database).compile();
  return async (transaction, ...values) => {
    const { numAffectedRows } = await transaction.executeQuery({ ...query, parameters: values });
    return Number(numAffectedRows ?? 0n);
  };
}
