import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import type { VideoEvent } from '../../../domain/event.ts';
import type { OpenedStore } from '../../../ports/store.contract.ts';
import { openSqliteStore } from './open.ts';

/** What the contract asks does not depend on a disk, and thousands of durable commits on one take minutes. */
const ROOM = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
export const makeFolder = () => mkdtemp(join(ROOM, 'inbetween-sqlite-'));

/** A store on a file of its own. */
export async function openEmpty(): Promise<OpenedStore> {
  const path = join(await makeFolder(), 'store.db');
  return { store: await openSqliteStore(path), ...lookBehind(path) };
}

/** A look at the file of a store, which is removed with its folder at the end. */
export function lookBehind(path: string): Omit<OpenedStore, 'store'> {
  const behind = new Database(path, { readonly: true });
  return {
    events: async (id) =>
      behind
        .prepare<[string], VideoEvent & { version: number }>(
          'select type, at, version from event where video = ? order by version',
        )
        .all(id),
    async close() {
      behind.close();
      await rm(dirname(path), { recursive: true });
    },
  };
}
