import { migratePostgres } from '../adapters/stores/postgres/open.ts';
import type { Config } from '../config/config.ts';

/** Brings the database up to date, or finds that it is. */
export function migrateDatabase({ url }: NonNullable<Config['postgres']>) {
  return migratePostgres(url);
}
