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
