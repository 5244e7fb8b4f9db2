import { expect, it } from 'vitest';
import { afterLoss, cancel, giveBack } from '../../domain/transitions.ts';
import {
  alive,
  idsOf,
  insertAll,
  NOW,
  POLICY,
  pending,
  queued,
  running,
  videoId,
  wish,
  worker,
  write,
} from './fixtures.contract.ts';
import { type OpenStore, subject } from './subject.contract.ts';

export function claimContract(open: OpenStore): void {
  const at = subject(open);

  it('leases what is due and tells the next version', async () => {
    await alive(at.store, 'a');
    await at.videos.insert(pending(1), {});
    const claimed = await at.videos.claim(wish('a', { lane: 'admit' }));
    expect(claimed).toEqual([{ video: { ...pending(1), version: 2, worker: worker('a') }, takenOver: false }]);
    expect(await at.videos.find(videoId(1))).toStrictEqual(claimed[0]?.video);
  });

  it('takes only what is due and of its lane and backends', async () => {
    await alive(at.store, 'a');
    await insertAll(at.store, [
      pending(1),
      queued(2),
      running(3),
      queued(4, { at: NOW + 1 }),
      queued(5, { backend: 'elsewhere' }),
      cancel(queued(6), NOW, POLICY),
    ]);
    expect(idsOf(await at.videos.claim(wish('a', { lane: 'admit' })))).toEqual([videoId(1)]);
    expect(idsOf(await at.videos.claim(wish('a')))).toEqual([videoId(3), videoId(2)]);
    expect(idsOf(await at.videos.claim(wish('a', { now: NOW + 1 })))).toEqual([videoId(4)]);
    expect(await at.videos.claim(wish('a', { slots: {} }))).toEqual([]);
    const both = { renderer: 9, elsewhere: 9 };
    expect(idsOf(await at.videos.claim(wish('a', { slots: both })))).toEqual([videoId(5)]);
  });

  it('takes the oldest due first, over all backends, and no more than wished', async () => {
    await alive(at.store, 'a');
    await insertAll(at.store, [
      queued(1, { at: NOW - 1 }),
      queued(2, { at: NOW - 5, backend: 'other' }),
      queued(3, { at: NOW - 3 }),
      queued(4, { at: NOW - 5 }),
    ]);
    const slots = { renderer: 9, other: 9 };
    expect(await at.videos.claim(wish('a', { slots, limit: 0 }))).toEqual([]);
    expect(idsOf(await at.videos.claim(wish('a', { slots, limit: 3 })))).toEqual([videoId(2), videoId(4), videoId(3)]);
    expect(idsOf(await at.videos.claim(wish('a', { slots, limit: 3 })))).toEqual([videoId(1)]);
  });

  it('never takes what a living worker holds', async () => {
    await alive(at.store, 'a', 'b');
    await insertAll(at.store, [queued(1), pending(2)]);
    await at.videos.claim(wish('a'));
    await at.videos.claim(wish('a', { lane: 'admit' }));
    for (const name of ['a', 'b']) {
      expect(await at.videos.claim(wish(name))).toEqual([]);
      expect(await at.videos.claim(wish(name, { lane: 'admit' }))).toEqual([]);
    }
  });

  it('takes again what bears its own name although it does not know of it, and counts a loss', async () => {
    await alive(at.store, 'a', 'b');
    await insertAll(at.store, [queued(1), queued(2), pending(3), pending(4)]);
    for (const lane of ['admit', 'generate'] as const) {
      const [known, unheard] = await at.videos.claim(wish('a', { lane, slots: { renderer: 2 } }));
      if (known === undefined || unheard === undefined) throw new Error('two videos were to be claimed');
      const holding = [known.video.id];
      expect(await at.videos.claim(wish('b', { lane, holding: [] }))).toEqual([]);
      const again = await at.videos.claim(wish('a', { lane, holding, slots: { renderer: 2 } }));
      expect(idsOf(again)).toEqual([unheard.video.id]);
      expect(again).toMatchObject([{ takenOver: true, video: { tries: { lost: 1 } } }]);
      expect(await at.videos.claim(wish('a', { lane, holding: [...holding, unheard.video.id] }))).toEqual([]);
      expect(idsOf(await at.videos.claim(wish('a', { lane, holding: [] })))).toHaveLength(2);
    }
  });

  it('takes over from a worker whose term has ended, and counts the loss', async () => {
    await alive(at.store, 'b');
    await at.store.workers.renew(worker('a'), NOW + 100);
    await at.videos.insert(queued(1), {});
    await at.videos.claim(wish('a'));
    expect(await at.videos.claim(wish('b', { now: NOW + 99 }))).toEqual([]);
    const [taken] = await at.videos.claim(wish('b', { now: NOW + 100 }));
    expect(taken).toMatchObject({ takenOver: true, video: { worker: worker('b'), version: 3, tries: { lost: 1 } } });
  });

  it('is not taken over while the worker renews', async () => {
    await alive(at.store, 'b');
    await at.store.workers.renew(worker('a'), NOW + 100);
    await at.videos.insert(queued(1), {});
    await at.videos.claim(wish('a'));
    await at.store.workers.renew(worker('a'), NOW + 200);
    expect(await at.videos.claim(wish('b', { now: NOW + 150 }))).toEqual([]);
  });

  it('takes over from a removed worker; what was given back was not lost', async () => {
    await alive(at.store, 'a', 'b');
    await insertAll(at.store, [queued(1), queued(2)]);
    const [one] = await at.videos.claim(wish('a'));
    if (one === undefined) throw new Error('nothing claimed');
    await write(at.store, one.video, giveBack(one.video, NOW), { freeSlot: true });
    await at.store.workers.remove(worker('a'));
    const claimed = await at.videos.claim(wish('b'));
    expect(claimed.map(({ video, takenOver }) => [video.id, takenOver, video.tries.lost])).toEqual([
      [videoId(2), true, 1],
      [videoId(1), false, 0],
    ]);
  });

  it('voids all leases at once', async () => {
    await alive(at.store, 'a', 'b');
    await insertAll(at.store, [queued(1), pending(2)]);
    await at.videos.claim(wish('a'));
    await at.videos.claim(wish('b', { lane: 'admit' }));
    await at.store.workers.removeAll();
    await alive(at.store, 'c');
    expect(await at.videos.claim(wish('c'))).toMatchObject([{ takenOver: true }]);
    expect(await at.videos.claim(wish('c', { lane: 'admit' }))).toMatchObject([{ takenOver: true }]);
  });

  it('fences a worker that was believed lost', async () => {
    await alive(at.store, 'a', 'b');
    await at.videos.insert(queued(1), {});
    const [mine] = await at.videos.claim(wish('a'));
    await at.store.workers.remove(worker('a'));
    const [theirs] = await at.videos.claim(wish('b'));
    if (mine === undefined || theirs === undefined) throw new Error('nothing claimed');
    expect(await at.videos.swap(mine.video, giveBack(mine.video, NOW), {})).toBe('stale');
    const back = afterLoss(theirs.video, { billed: false, canLookUp: false }, NOW, POLICY);
    expect((await write(at.store, theirs.video, back)).version).toBe(4);
  });

  it('hands no video to two of twenty concurrent claimers', async () => {
    const names = Array.from({ length: 20 }, (_, n) => `w${n}`);
    await alive(at.store, ...names);
    await insertAll(
      at.store,
      Array.from({ length: 50 }, (_, n) => queued(n)),
    );
    const claims = await Promise.all(names.map((name) => at.videos.claim(wish(name, { limit: 4 }))));
    const ids = claims.flatMap(idsOf);
    expect(ids).toHaveLength(50);
    expect(new Set(ids).size).toBe(50);
    for (const [n, claimed] of claims.entries())
      for (const { video } of claimed) expect((await at.videos.find(video.id))?.worker).toBe(worker(`w${n}`));
  });
}
