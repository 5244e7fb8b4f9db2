import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cancel } from '../../../domain/transitions.ts';
import type { Store } from '../../../ports/store.ts';
import { ALICE, NOW, POLICY, queued, videoId } from '../../../ports/store-contract/fixtures.contract.ts';
import { watchEpoch } from './epoch.ts';
import { openSqliteStore } from './open.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'inbetween-epoch-'));
  path = join(folder, 'store.db');
});
afterEach(() => rm(folder, { recursive: true }));

it('an epoch ends with a commit: our own at once, of somebody else with the turn', async () => {
  const writer = new Database(path);
  writer.pragma('journal_mode = WAL');
  writer.exec('create table note (n integer)');
  const reader = new Database(path, { readonly: true });
  try {
    const epoch = watchEpoch(reader);
    const first = epoch.now();
    await turn();
    expect(epoch.now()).toBe(first);
    writer.exec('insert into note values (1)');
    epoch.passed();
    const second = epoch.now();
    expect(second).not.toBe(first);
    writer.exec('insert into note values (2)');
    await turn();
    expect(epoch.now()).not.toBe(second);
  } finally {
    reader.close();
    writer.close();
  }
});

/** A server and the command line beside it. */
async function together(work: (server: Store, beside: Store) => Promise<void>): Promise<void> {
  const server = await openSqliteStore(path);
  const beside = await openSqliteStore(path);
  try {
    for (const n of [1, 2]) await server.videos.insert(queued(n), {});
    await work(server, beside);
  } finally {
    await beside.close();
    await server.close();
  }
}

it('what one process remembers of a video is not believed after another wrote it', () =>
  together(async (server, beside) => {
    const before = await server.videos.find(videoId(1), ALICE);
    expect(await server.videos.find(videoId(1), ALICE)).toBe(before);
    await beside.videos.swap(queued(1), cancel(queued(1), NOW, POLICY), {});
    await turn();
    expect((await server.videos.find(videoId(1), ALICE))?.status).toBe('cancelled');
    await server.videos.purge(videoId(1));
    expect(await server.videos.find(videoId(1), ALICE)).toBeUndefined();
  }));

it('nor what it counted of the queue', () =>
  together(async (server, beside) => {
    expect(await server.videos.queuePosition(queued(2))).toBe(1);
    expect(await server.videos.queuePosition(queued(2))).toBe(1);
    await beside.videos.swap(queued(1), cancel(queued(1), NOW, POLICY), {});
    await turn();
    expect(await server.videos.queuePosition(queued(2))).toBe(0);
  }));
