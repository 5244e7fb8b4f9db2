import { openPostgresStore } from '../adapters/stores/postgres/open.ts';
import { openSqliteStore } from '../adapters/stores/sqlite/open.ts';
import { createLog } from '../adapters/system/log.ts';
import { makeFolder } from '../adapters/system/make-folder.ts';
import type { Config } from '../config/config.ts';
import type { Store } from '../ports/store.ts';
import { filesOf } from './files.ts';

/** Opens the store for a command beside the servers: SQLite lets a second process write, and PostgreSQL any number. */
export async function openStoreBeside({ postgres, data, log }: Config): Promise<Store> {
  if (postgres !== undefined) {
    const opened = await openPostgresStore({
      ...postgres,
      connections: 2,
      schema: 'require',
      log: createLog({ ...log }),
    });
    return opened.store;
  }
  await makeFolder(data.folder, 0o700);
  return openSqliteStore(filesOf(data.folder).database);
}
