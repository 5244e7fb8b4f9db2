import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasPostgres } from '../../../../../../test/support/postgres-cluster.ts';
import { advance, begin, giveBack } from '../../../domain/transitions.ts';
import type { Store } from '../../../ports/store.ts';
import {
  ALICE,
  alive,
  idsOf,
  insertAll,
  NOW,
  POLICY,
  pending,
  queued,
  videoId,
  wish,
  worker,
} from '../../../ports/store-contract/fixtures.contract.ts';
import { openSubject } from './subject.fixture.ts';

const PROCESSES = 5;

/** Several stores, each with connections of its own, stand for several processes. */
describe.skipIf(!hasPostgres())('several processes on one PostgreSQL database', () => {
  let subject: Awaited<ReturnType<typeof openSubject>>;
  beforeAll(async () => {
    subject = await openSubject();
  }, 60_000);
  afterAll(() => subject.close());

  async function together(work: (stores: readonly Store[]) => Promise<void>): Promise<void> {
    const { store } = await subject.openEmpty();
    const others = await Promise.all(Array.from({ length: PROCESSES - 1 }, async () => (await subject.open()).store));
    const stores = [store, ...others];
    try {
      await work(stores);
    } finally {
      for (const open of stores) await open.close();
    }
  }

  it('20 concurrent claimers hold no video twice, and leave none', () =>
    together(async (stores) => {
      const names = Array.from({ length: 20 }, (_, n) => `w${n}`);
      const [store] = stores as [Store];
      await alive(store, ...names);
      for (const lane of ['admit', 'generate'] as const) {
        const make = lane === 'admit' ? pending : queued;
        await insertAll(
          store,
          Array.from({ length: 100 }, (_, n) => make(n + (lane === 'admit' ? 0 : 500))),
        );
        const held = new Map<string, string>();
        await Promise.all(
          names.map(async (name, n) => {
            const mine = stores[n % PROCESSES] as Store;
            for (let empty = 0; empty < 3; ) {
              const claimed = await mine.videos.claim(wish(name, { lane, limit: 3 }));
              empty = claimed.length === 0 ? empty + 1 : 0;
              for (const { video, takenOver } of claimed) {
                expect([held.get(video.id), takenOver]).toEqual([undefined, false]);
                held.set(video.id, name);
              }
            }
          }),
        );
        expect(held.size).toBe(100);
        for (const [id, name] of held) expect((await store.videos.find(id as never))?.worker).toBe(worker(name));
      }
    }));

  it('the fleet never takes more than a backend has slots, and uses each that is free', () =>
    together(async (stores) => {
      const [store] = stores as [Store];
      const names = stores.map((_, n) => `w${n}`);
      await alive(store, ...names);
      await insertAll(
        store,
        Array.from({ length: 40 }, (_, n) => queued(n)),
      );
      const slots = { renderer: 7 };
      for (let round = 0; round < 4; round += 1) {
        const claims = await Promise.all(
          stores.map((mine, n) => mine.videos.claim(wish(`w${n}`, { limit: 3, slots }))),
        );
        expect(claims.flat()).toHaveLength(7);
        for (const { video } of claims.flat()) {
          const back = { ...giveBack(video, NOW), dueAt: NOW + 1 };
          expect(await store.videos.swap(video, back, { freeSlot: true })).not.toBe('stale');
        }
      }
    }));

  it('a stale writer is always refused, also when it writes at the same moment', () =>
    together(async (stores) => {
      const [store, successor] = stores as [Store, Store];
      await alive(store, 'b');
      for (let n = 0; n < 25; n += 1) {
        await store.workers.renew(worker('a'), NOW + 1);
        await store.videos.insert(queued(n), {});
        const [mine] = await store.videos.claim(wish('a', { limit: 1 }));
        if (mine === undefined) throw new Error('nothing claimed');
        const begun = begin(mine.video, NOW, POLICY);
        const event = { type: 'video.running', at: NOW } as const;
        const [written, taken] = await Promise.all([
          store.videos.swap(mine.video, begun, { event }),
          successor.videos.claim(wish('b', { now: NOW + 1, limit: 1 })),
        ]);
        const row = await store.videos.find(videoId(n));
        // Whoever came first, one chain of versions is there, and both know the truth about their own write.
        const told = written === 'stale' ? 3 : 3 + taken.length;
        expect(row?.version).toBe(told);
        const late = await store.videos.swap(mine.video, advance(begun, 0.5, 'generating', NOW + 2, POLICY), {});
        expect(late).toBe('stale');
        const holder = taken[0]?.video ?? (written as typeof begun);
        expect(await successor.videos.swap(holder, giveBack(holder, NOW + 1e9), { freeSlot: true })).not.toBe('stale');
      }
    }));

  it('one of many concurrent asks with one key makes the video, whichever process hears them', () =>
    together(async (stores) => {
      const idempotency = { key: 'k', fingerprint: 'f' };
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, n) => stores[n % PROCESSES]?.videos.insert(pending(n), { idempotency })),
      );
      expect(answers.filter((answer) => answer?.outcome === 'inserted')).toHaveLength(1);
      expect((await stores[0]?.videos.list(ALICE, { limit: 50, order: 'asc' }))?.items).toHaveLength(1);
    }));

  it('a claim passes by a video that somebody is just writing', () =>
    together(async ([store]) => {
      if (store === undefined) throw new Error('no store');
      await alive(store, 'a');
      await insertAll(store, [queued(1), queued(2)]);
      const { behind } = subject;
      await behind.query('begin');
      await behind.query('select 1 from video where id = $1 for update', [videoId(1)]);
      try {
        expect(idsOf(await store.videos.claim(wish('a')))).toEqual([videoId(2)]);
      } finally {
        await behind.query('rollback');
      }
      expect(idsOf(await store.videos.claim(wish('a')))).toEqual([videoId(1)]);
    }));
});
