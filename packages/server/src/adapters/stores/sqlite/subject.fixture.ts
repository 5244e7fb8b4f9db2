import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { VideoEvent } from '../../../domain/event.ts';
import type { OpenedStore } from '../../../ports/store.contract.ts';
import { openSqliteStore } from './open.ts';

/** What the contract asks does not depend on a disk, and thousands of durable commits on one take minutes. */
const ROOM = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
export const makeFolder = () => mkdtemp(join(ROOM, 'inbetween-sqlite-'));

/** A store on a file of its own. */
export async function openEmpty(): Promise<OpenedStore> {
  const folder = await makeFolder();
  const path = join(folder, 'store.db');
  const store = await openSqliteStore(path);
  const behind = new Database(path, { readonly: true });
  return {
    store,
    events: async (id) =>
      behind
        .prepare<[string], VideoEvent & { version: number }>(
          'select type, at, version from event where video = ? order by version',
        )
        .all(id),
    async close() {
      behind.close();
      await rm(folder, { recursive: true });
    },
  };
}
