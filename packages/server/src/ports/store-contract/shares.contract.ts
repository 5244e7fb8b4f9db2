import { expect, it } from 'vitest';
import { Fault } from '../../domain/fault.ts';
import type { OwnerId } from '../../domain/id.ts';
import { admit, afterFault, begin, cancel, succeed } from '../../domain/transitions.ts';
import type { Video } from '../../domain/video.ts';
import type { ClaimWish } from '../store.ts';
import { ALICE, alive, BOB, NOW, POLICY, PREPARED, pending, RESULT, wish, write } from './fixtures.contract.ts';
import { type OpenStore, subject } from './subject.contract.ts';

const CAROL = 'carol' as OwnerId;
const PEER = { billed: false, canLookUp: false };

export function sharesContract(open: OpenStore): void {
  const at = subject(open);

  const limit = async (id: OwnerId, running: number) => {
    await at.store.keys.addOwner({ id, createdAt: NOW, limits: {} });
    await at.store.keys.setLimits(id, { running });
  };
  /** Videos that join the queue one after the other, as admission lets them. */
  async function join(owner: OwnerId, from: number, count: number, backend = 'renderer'): Promise<void> {
    for (let n = from; n < from + count; n += 1) {
      const video = pending(n, { owner, backend, at: NOW - 1000 + n });
      await at.videos.insert(video, {});
      await write(at.store, video, admit(video, PREPARED, [], NOW - 1000 + n, POLICY));
    }
  }
  const claim = async (change: Partial<ClaimWish> = {}): Promise<readonly Video[]> =>
    (await at.videos.claim(wish('a', change))).map(({ video }) => video);
  const numbers = (videos: readonly Video[]) => videos.map(({ id }) => Number(id.slice(6)));
  const end = (video: Video) =>
    write(at.store, video, succeed(begin(video, NOW, POLICY, false), RESULT, NOW, POLICY), { freeSlot: true });

  it('pass by an owner that makes as many videos as it may', async () => {
    await alive(at.store, 'a');
    await limit(ALICE, 2);
    await join(ALICE, 1, 5);
    await join(BOB, 11, 4);
    const first = await claim();
    expect(numbers(first)).toEqual([1, 11, 2, 12, 13, 14]);
    expect(await claim()).toEqual([]);
    const [one] = first;
    if (one === undefined) throw new Error('one was claimed');
    await end(one);
    expect(numbers(await claim())).toEqual([3]);
  });

  it('count over all backends', async () => {
    await alive(at.store, 'a');
    await limit(ALICE, 3);
    await join(ALICE, 1, 3);
    await join(ALICE, 4, 3, 'other');
    await join(BOB, 11, 2, 'other');
    const claimed = await claim({ slots: { renderer: 10, other: 10 }, limit: 20 });
    expect(claimed.filter(({ owner }) => owner === ALICE)).toHaveLength(3);
    expect(claimed.filter(({ owner }) => owner === BOB)).toHaveLength(2);
  });

  it('are never exceeded by claims at the same time', async () => {
    const names = Array.from({ length: 8 }, (_, n) => `w${n}`);
    await alive(at.store, ...names);
    await limit(ALICE, 3);
    await join(ALICE, 1, 12);
    const claims = await Promise.all(names.map((name) => at.videos.claim(wish(name, { limit: 2 }))));
    expect(claims.flat()).toHaveLength(3);
  });

  it('leave places to others in the same claim, however far behind they stand', async () => {
    await alive(at.store, 'a');
    await limit(ALICE, 1);
    await limit(CAROL, 1);
    await join(ALICE, 1, 20);
    await join(CAROL, 31, 20);
    await join(BOB, 61, 2);
    const claimed = await claim({ slots: { renderer: 4 }, limit: 4 });
    expect(numbers(claimed).toSorted((a, b) => a - b)).toEqual([1, 31, 61, 62]);
  });

  it('hold for another try as well, and not for what has its slot', async () => {
    await alive(at.store, 'a', 'b');
    await limit(ALICE, 1);
    await join(ALICE, 1, 2);
    const [first] = await claim();
    if (first === undefined) throw new Error('one was claimed');
    const begun = await write(at.store, first, begin(first, NOW, POLICY, false));
    const failed = afterFault(begun, new Fault('backend_failed', 'No.'), PEER, NOW, POLICY);
    await write(at.store, begun, failed, { freeSlot: true });
    // Its slot is free, so the other one may begin, and it must wait.
    const [second] = await claim();
    expect(second?.id).not.toBe(first.id);
    const later = NOW + POLICY.backoffMs;
    expect(await claim({ now: later })).toEqual([]);
    await at.store.workers.remove(wish('a').worker);
    expect(await at.videos.claim(wish('b', { now: later }))).toMatchObject([{ video: { id: second?.id } }]);
  });

  it('count a slot that stays taken after a cancel', async () => {
    await alive(at.store, 'a');
    await limit(ALICE, 1);
    await join(ALICE, 1, 2);
    const [first] = await claim();
    if (first === undefined) throw new Error('one was claimed');
    const begun = await write(at.store, first, begin(first, NOW, POLICY));
    const gone = await write(at.store, begun, cancel(begun, NOW, POLICY), { freeSlot: false });
    expect(await claim()).toEqual([]);
    await write(at.store, gone, gone, { freeSlot: true });
    expect(numbers(await claim())).toEqual([2]);
  });

  it('act as they are now', async () => {
    await alive(at.store, 'a');
    await limit(ALICE, 1);
    await join(ALICE, 1, 4);
    expect(await claim()).toHaveLength(1);
    await at.store.keys.setLimits(ALICE, { running: 3 });
    expect(await claim()).toHaveLength(2);
    await at.store.keys.setLimits(ALICE, {});
    expect(await claim()).toHaveLength(1);
  });

  it('do not let newcomers in at the old turns of whom they hold back', async () => {
    await alive(at.store, 'a');
    await limit(ALICE, 1);
    await join(ALICE, 1, 5);
    await join(BOB, 11, 30);
    // Alice is held back at her second turn, while Bob is served on and on.
    const served: Video[] = [];
    for (let n = 0; n < 10; n += 1) {
      const [video] = await claim({ limit: 1, slots: { renderer: 2 } });
      if (video === undefined) throw new Error('there is one');
      served.push(video);
      if (video.owner === BOB) await end(video);
    }
    expect(served.filter(({ owner }) => owner === ALICE)).toHaveLength(1);
    // Carol comes with many, and takes turns with Bob from here on.
    await join(CAROL, 51, 10);
    const next: OwnerId[] = [];
    for (let n = 0; n < 8; n += 1) {
      const [video] = await claim({ limit: 1, slots: { renderer: 2 } });
      if (video === undefined) throw new Error('there is one');
      next.push(video.owner);
      await end(video);
    }
    expect(next.filter((owner) => owner === BOB).length).toBeGreaterThanOrEqual(3);
    expect(next.filter((owner) => owner === CAROL).length).toBeGreaterThanOrEqual(3);
  });
}
