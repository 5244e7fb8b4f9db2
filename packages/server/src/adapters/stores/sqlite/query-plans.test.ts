import Database from 'better-sqlite3';
import { type CompiledQuery, Kysely, SqliteDialect } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileId } from '../../../domain/id.ts';
import { admit } from '../../../domain/transitions.ts';
import type { Store } from '../../../ports/store.ts';
import {
  ALICE,
  CHARGE,
  NOW,
  POLICY,
  PREPARED,
  pending,
  queued,
  videoId,
  wish,
  worker,
} from '../../../ports/store-contract/fixtures.contract.ts';
import { migrate } from '../sql/migrate.ts';
import type { Tables } from '../sql/schema.ts';
import { createSqlStore } from '../sql/store.ts';

/** A whole table read without an index, or a sort. Workers and slots are few. */
const UNWANTED = /^SCAN (?!worker|backend_slot|CONSTANT ROW)(?!.*USING (COVERING )?INDEX)|TEMP B-TREE/;
/** Rows picked by their ids are few as well, so sorting them is cheap. */
const BY_ID = /^SEARCH video USING INDEX sqlite_autoindex_video_1 \(id=\?\)/;

/** A statement that reads the whole table, or sorts it, works until a customer has a hundred thousand videos. */
describe('query plans', () => {
  let database: Database.Database;
  let store: Store;
  let asked: CompiledQuery[];

  beforeEach(async () => {
    database = new Database(':memory:');
    asked = [];
    const reader = new Kysely<Tables>({
      dialect: new SqliteDialect({ database }),
      log: (event) => void asked.push(event.query),
    });
    const dialect = {
      reader,
      write: <T>(work: (transaction: Kysely<Tables>) => Promise<T>) => work(reader),
      locksRows: false,
      infersConditions: false,
      blobType: 'blob',
      tables: async (of: Kysely<Tables>) => (await of.introspection.getTables()).map(({ name }) => name),
      alone: async () => undefined,
      async close() {
        database.close();
      },
    };
    await migrate(dialect, 'memory', NOW);
    store = createSqlStore(dialect);
    for (let n = 0; n < 50; n += 1) await store.videos.insert(n % 2 === 0 ? pending(n) : queued(n), {});
  });
  afterEach(() => store.close());

  const planOf = ({ sql, parameters }: CompiledQuery) =>
    database
      .prepare<unknown[], { detail: string }>(`explain query plan ${sql}`)
      .all(...parameters)
      .map(({ detail }) => detail);
  const needs = async (work: () => Promise<unknown>) => {
    asked = [];
    await work();
    const plans = asked.map(planOf);
    const bad = plans.filter(
      (plan) => plan.some((step) => UNWANTED.test(step)) && !plan.some((step) => BY_ID.test(step)),
    );
    expect(bad).toEqual([]);
    return plans.flat().join('\n');
  };

  it('look-ups use keys', async () => {
    await needs(() => store.videos.find(videoId(1), ALICE));
    await needs(() => store.videos.findByKey(ALICE, 'k'));
    await needs(() => store.keys.byHash('hash'));
    await needs(() => store.videos.purge(videoId(3)));
  });

  it('claims go along the index of their lane', async () => {
    expect(await needs(() => store.videos.claim(wish('a', { lane: 'admit', limit: 2 })))).toMatch(/video_to_admit/);
    const generate = await needs(() => store.videos.claim(wish('a', { limit: 2 })));
    expect(generate).toMatch(/video_queue/);
    expect(generate).toMatch(/video_to_generate/);
    // Now with slots taken.
    expect(await needs(() => store.videos.claim(wish('a', { limit: 2 })))).toMatch(/video_queue/);
    expect(await needs(() => store.videos.claim(wish('a', { lane: 'drain' })))).toMatch(/video_to_drain/);
  });

  it('a place in the queue is found along the indexes of the queue', async () => {
    const plans = await needs(() => store.videos.swap(pending(2), admit(pending(2), PREPARED, [], NOW, POLICY), {}));
    expect(plans).toMatch(/video_queue/);
    expect(plans).toMatch(/video_turn/);
  });

  it('claims that hold owners to limits go along the same indexes, and count slots alone', async () => {
    await store.keys.addOwner({ id: ALICE, createdAt: NOW, limits: { running: 3 } });
    for (let n = 0; n < 2; n += 1) {
      const plans = await needs(() => store.videos.claim(wish('a', { limit: 2 })));
      expect(plans).toMatch(/owner_with_running_limit/);
      expect(plans).toMatch(/video_queue/);
      expect(plans).not.toMatch(/SCAN video/);
    }
  });

  it('a create that is free and not limited asks the ledger nothing', async () => {
    await needs(() => store.videos.insert(pending(91), { event: { type: 'video.pending', at: NOW } }));
    const tables = new Set(
      asked.flatMap(({ sql }) => [...sql.matchAll(/(?:into|from|update) "(\w+)"/g)].map(([, table]) => table)),
    );
    expect([...tables].toSorted()).toEqual(['endpoint', 'event', 'video']);
  });

  it('what waits of an owner is counted along an index, and budgets are one step', async () => {
    const within = { queued: 40, owner: { monthlySeconds: 10 } };
    const insert = () => store.videos.insert(pending(90, { charge: CHARGE }), { within });
    expect(await needs(insert)).toMatch(/video_of_owner_by_status/);
    expect(await needs(() => store.ledger.account(ALICE, '2027-01'))).toMatch(/SEARCH account/);
    expect(await needs(() => store.ledger.lines(videoId(90)))).toMatch(/SEARCH ledger_entry/);
    const usage = { from: '2027-01-01', to: '2027-01-31', groupBy: ['day'], limit: 5 } as const;
    expect(await needs(() => store.ledger.usage(ALICE, usage))).toMatch(/SEARCH usage_day/);
    await needs(() => store.ledger.usage(ALICE, { ...usage, groupBy: ['day', 'key', 'model'] }));
    await needs(() => store.keys.owners({ limit: 5 }));
  });

  it('what a worker holds is found by its name', async () => {
    expect(await needs(() => store.videos.heldBy(worker('a')))).toMatch(/video_of_worker/);
    expect(await needs(() => store.workers.renew(worker('a'), NOW))).toMatch(/video_of_worker/);
  });

  it('the queue is measured along the index of its lane', async () => {
    expect(await needs(() => store.videos.queuePosition(queued(9)))).toMatch(/video_queue/);
    expect(await needs(() => store.videos.backendsInUse())).toMatch(/video_to_generate/);
    expect(await needs(() => store.videos.waiting())).toMatch(/video_to_admit/);
    expect(await needs(() => store.videos.recent('renderer', 9))).toMatch(/video_recent/);
    expect(await needs(() => store.videos.nextDue('drain', ['renderer']))).toMatch(/video_to_drain/);
    expect(await needs(() => store.videos.nextDue('generate', ['renderer']))).toMatch(/video_to_generate/);
  });

  it('lists need no sorting, whatever they filter', async () => {
    for (const order of ['asc', 'desc'] as const) {
      for (const after of [undefined, videoId(5)]) {
        await needs(() => store.videos.list(ALICE, { limit: 5, order, after }));
        await needs(() => store.videos.list(ALICE, { limit: 5, order, after, status: 'queued' }));
        await needs(() => store.videos.list(ALICE, { limit: 5, order, after, tag: { key: 'a', value: 'b' } }));
      }
    }
  });

  it('the outbox is tailed along time, without reading its rows', async () => {
    const place = { at: NOW, video: videoId(1), version: 1 };
    expect(await needs(() => store.events.after(place, 5))).toMatch(/SEARCH event USING COVERING INDEX event_by_time/);
  });

  it('files are found, listed and swept along their indexes', async () => {
    const id = 'file_00000000000000000000000001' as FileId;
    await needs(() => store.files.find(id, ALICE));
    for (const order of ['asc', 'desc'] as const) {
      expect(await needs(() => store.files.list(ALICE, { limit: 5, order }))).toMatch(/file_of_owner/);
    }
    expect(await needs(() => store.files.expired(NOW, 5))).toMatch(/file_expiring/);
  });

  it('sweeps look only at what can be due', async () => {
    expect(await needs(() => store.videos.due('overdue', { now: NOW, limit: 5 }))).toMatch(/video_overdue/);
    expect(await needs(() => store.videos.due('late', { now: NOW, limit: 5 }))).toMatch(/video_late/);
    expect(await needs(() => store.videos.due('expiring', { now: NOW, limit: 5 }))).toMatch(/video_expiring/);
    expect(await needs(() => store.videos.kept(undefined, 5))).toMatch(/video_finished/);
    expect(await needs(() => store.videos.kept({ completedAt: NOW, id: videoId(1) }, 5))).toMatch(/video_finished/);
    const purgeable = await needs(() => store.videos.due('purgeable', { now: NOW, finishedBefore: NOW, limit: 5 }));
    expect(purgeable).toMatch(/video_deleted/);
    expect(purgeable).toMatch(/video_finished/);
  });
});
