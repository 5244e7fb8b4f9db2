import { expect, it } from 'vitest';
import { drainLater, endDrain } from '../../domain/draining.ts';
import { cancel, succeed } from '../../domain/transitions.ts';
import {
  alive,
  idsOf,
  insertAll,
  NOW,
  POLICY,
  queued,
  RESULT,
  running,
  videoId,
  wish,
  worker,
  write,
} from './fixtures.contract.ts';
import { type OpenStore, subject } from './subject.contract.ts';

const drain = { lane: 'drain', slots: { renderer: 0 } } as const;

export function drainContract(open: OpenStore): void {
  const at = subject(open);

  it('takes ended videos whose attempt goes on, and no others', async () => {
    await alive(at.store, 'a');
    await insertAll(at.store, [
      cancel(running(1), NOW, POLICY),
      cancel(queued(2), NOW, POLICY),
      succeed(running(3), RESULT, NOW, POLICY),
      running(4),
      cancel(running(5, { backend: 'elsewhere' }), NOW, POLICY),
    ]);
    const claimed = await at.videos.claim(wish('a', drain));
    expect(idsOf(claimed)).toEqual([videoId(1)]);
    expect(claimed[0]).toMatchObject({ takenOver: false, video: { status: 'cancelled', worker: worker('a') } });
    expect(await at.videos.claim(wish('a', drain))).toEqual([]);
    expect(idsOf(await at.videos.claim(wish('a', { ...drain, slots: { elsewhere: 0 } })))).toEqual([videoId(5)]);
    expect(await at.videos.claim(wish('a', { ...drain, slots: {} }))).toEqual([]);
  });

  it('takes them oldest due first, over from a lost worker too, until nothing goes on', async () => {
    await alive(at.store, 'a', 'b');
    await insertAll(at.store, [cancel(running(1), NOW, POLICY), cancel(running(2), NOW - 1, POLICY)]);
    const [second] = await at.videos.claim(wish('a', { ...drain, limit: 1 }));
    expect(second?.video.id).toBe(videoId(2));
    await at.store.workers.remove(worker('a'));
    const both = await at.videos.claim(wish('b', drain));
    expect(both.map(({ video, takenOver }) => [video.id, takenOver])).toEqual([
      [videoId(2), true],
      [videoId(1), false],
    ]);
    const [two, one] = both;
    if (one === undefined || two === undefined) throw new Error('both were claimed');
    await write(at.store, two.video, endDrain(two.video, NOW));
    await write(at.store, one.video, drainLater(one.video, 50, NOW));
    expect(await at.videos.nextDue('drain', ['renderer'])).toBe(NOW + 50);
    expect(await at.videos.nextDue('drain', ['elsewhere'])).toBeUndefined();
    expect(await at.videos.claim(wish('b', { ...drain, now: NOW + 49 }))).toEqual([]);
    expect(idsOf(await at.videos.claim(wish('b', { ...drain, now: NOW + 50 })))).toEqual([videoId(1)]);
  });

  it('keeps the slot of what is drained until it is freed', async () => {
    await alive(at.store, 'a');
    const slots = { renderer: 1 };
    await insertAll(at.store, [running(1), queued(2, { at: NOW + 1 })]);
    const later = NOW + 1;
    const [first] = await at.videos.claim(wish('a', { slots, now: later }));
    if (first === undefined) throw new Error('nothing claimed');
    const ended = await write(at.store, first.video, cancel(first.video, NOW, POLICY), { freeSlot: false });
    expect(await at.videos.claim(wish('a', { slots, now: later }))).toEqual([]);
    const [drained] = await at.videos.claim(wish('a', { ...drain, now: later }));
    expect(drained?.video.id).toBe(ended.id);
    if (drained === undefined) throw new Error('nothing claimed');
    await write(at.store, drained.video, endDrain(drained.video, later), { freeSlot: true });
    expect(idsOf(await at.videos.claim(wish('a', { slots, now: later })))).toEqual([videoId(2)]);
  });

  it('tells what a worker holds', async () => {
    await alive(at.store, 'a', 'b');
    await insertAll(at.store, [queued(1), queued(2), cancel(running(3), NOW, POLICY)]);
    expect([...(await at.videos.heldBy(worker('a')))]).toEqual([]);
    await at.videos.claim(wish('a', { limit: 1 }));
    await at.videos.claim(wish('b'));
    await at.videos.claim(wish('a', drain));
    expect([...(await at.videos.heldBy(worker('a')))].toSorted()).toEqual([videoId(1), videoId(3)]);
    expect([...(await at.videos.heldBy(worker('b')))]).toEqual([videoId(2)]);
  });
}
