import { expect, it } from 'vitest';
import { begin, cancel, giveBack, remember } from '../../domain/transitions.ts';
import type { Video } from '../../domain/video.ts';
import type { Claimed } from '../store.ts';
import {
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
  write,
} from './fixtures.contract.ts';
import { type OpenStore, subject } from './subject.contract.ts';

const only = (claimed: readonly Claimed[]): Video => {
  const [first] = claimed;
  if (first === undefined || claimed.length !== 1) throw new Error(`${claimed.length} videos were claimed, not 1`);
  return first.video;
};

const many = (count: number) => Array.from({ length: count }, (_, n) => queued(n));

export function slotContract(open: OpenStore): void {
  const at = subject(open);
  const two = { slots: { renderer: 2 } };
  const one = { slots: { renderer: 1 } };

  it('never takes more videos of a backend than it has slots', async () => {
    await alive(at.store, 'a', 'b');
    await insertAll(at.store, [...many(4), queued(9, { backend: 'other', at: NOW + 1 })]);
    expect(idsOf(await at.videos.claim(wish('a', two)))).toEqual([videoId(0), videoId(1)]);
    expect(await at.videos.claim(wish('b', two))).toEqual([]);
    const slots = { renderer: 2, other: 1 };
    expect(idsOf(await at.videos.claim(wish('b', { slots, now: NOW + 1 })))).toEqual([videoId(9)]);
    expect(await at.videos.claim(wish('b', { slots: { renderer: 0 } }))).toEqual([]);
  });

  it('never takes more at the same time either', async () => {
    const names = Array.from({ length: 10 }, (_, n) => `w${n}`);
    await alive(at.store, ...names);
    await insertAll(at.store, many(10));
    const slots = { renderer: 3 };
    const claims = await Promise.all(names.map((name) => at.videos.claim(wish(name, { limit: 2, slots }))));
    expect(claims.flat()).toHaveLength(3);
  });

  it('takes no more of a backend than this process has room for, whatever is free in the fleet', async () => {
    await alive(at.store, 'a', 'b');
    await insertAll(at.store, [...many(4), queued(9, { backend: 'other', at: NOW + 1 })]);
    const claim = { slots: { renderer: 9, other: 9 }, now: NOW + 1 };
    expect(idsOf(await at.videos.claim(wish('a', { ...claim, room: { renderer: 1 } })))).toEqual([
      videoId(0),
      videoId(9),
    ]);
    expect(await at.videos.claim(wish('a', { ...claim, room: { renderer: 0 } }))).toEqual([]);
    expect(await at.videos.claim(wish('b', { ...claim, room: { renderer: 2 } }))).toHaveLength(2);
    await at.store.workers.remove(worker('b'));
    expect(await at.videos.claim(wish('a', { ...claim, room: { renderer: 1 } }))).toMatchObject([{ takenOver: true }]);
  });

  it('needs no slot to admit', async () => {
    await alive(at.store, 'a');
    await insertAll(at.store, [pending(1), pending(2)]);
    expect(await at.videos.claim(wish('a', { lane: 'admit', slots: {} }))).toHaveLength(2);
  });

  it('uses a freed slot again', async () => {
    await alive(at.store, 'a');
    await insertAll(at.store, many(2));
    const video = only(await at.videos.claim(wish('a', one)));
    const begun = await write(at.store, video, begin(video, NOW, POLICY));
    expect(await at.videos.claim(wish('a', one))).toEqual([]);
    await write(at.store, begun, cancel(begun, NOW, POLICY), { freeSlot: true });
    expect(only(await at.videos.claim(wish('a', one))).id).toBe(videoId(1));
  });

  it('lets a holder keep its slot between two looks at its peer', async () => {
    await alive(at.store, 'a');
    await insertAll(at.store, many(2));
    const video = only(await at.videos.claim(wish('a', one)));
    const open = remember(begin(video, NOW, POLICY), { task: 1 }, NOW);
    await write(at.store, video, { ...giveBack(open, NOW), dueAt: NOW + 50 });
    expect(await at.videos.claim(wish('a', one))).toEqual([]);
    const again = only(await at.videos.claim(wish('a', { ...one, now: NOW + 50 })));
    expect(again).toMatchObject({ id: videoId(0), status: 'running', attempt: { operation: { task: 1 } } });
  });

  it('gives the slot of a lost worker on with the video', async () => {
    await alive(at.store, 'a', 'b');
    await insertAll(at.store, many(2));
    await at.videos.claim(wish('a', one));
    await at.store.workers.remove(worker('a'));
    expect(only(await at.videos.claim(wish('b', one))).id).toBe(videoId(0));
    expect(await at.videos.claim(wish('b', one))).toEqual([]);
  });

  it('lets those who hold slots go on when there are fewer slots than before', async () => {
    await alive(at.store, 'a', 'b');
    await insertAll(at.store, many(3));
    await at.videos.claim(wish('a', two));
    await at.store.workers.remove(worker('a'));
    expect(await at.videos.claim(wish('b', one))).toHaveLength(2);
    expect(await at.videos.claim(wish('b', one))).toEqual([]);
  });

  it('keeps a slot that a finished video did not free until its attempt would have ended', async () => {
    await alive(at.store, 'a');
    await insertAll(at.store, many(2));
    const video = only(await at.videos.claim(wish('a', one)));
    const begun = await write(at.store, video, begin(video, NOW, POLICY));
    const later = { ...one, limit: 1 };
    const gone = await write(at.store, begun, cancel(begun, NOW, POLICY), { freeSlot: false });
    const deadlineAt = gone.deadlineAt ?? 0;
    expect(await at.videos.claim(wish('a', { ...later, now: deadlineAt - 1 }))).toEqual([]);
    expect(only(await at.videos.claim(wish('a', { ...later, now: deadlineAt }))).id).toBe(videoId(1));
  });

  it('frees the slot of a purged video', async () => {
    await alive(at.store, 'a');
    await insertAll(at.store, many(2));
    await at.videos.claim(wish('a', one));
    await at.videos.purge(videoId(0));
    expect(only(await at.videos.claim(wish('a', one))).id).toBe(videoId(1));
  });

  it('tells the attempts that are not closed, whoever holds them', async () => {
    await alive(at.store, 'a');
    await insertAll(at.store, many(2));
    expect(await at.videos.openAttempts()).toEqual([]);
    const [first] = await at.videos.claim(wish('a', two));
    if (first === undefined) throw new Error('nothing was claimed');
    const begun = await write(at.store, first.video, begin(first.video, NOW, POLICY, true));
    const remembered = await write(at.store, begun, remember(begun, { handle: 1 }, NOW));
    expect(await at.videos.openAttempts()).toEqual([remembered.attempt]);
  });
}
