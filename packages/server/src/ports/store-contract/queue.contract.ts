import { expect, it } from 'vitest';
import { cancel, entomb } from '../../domain/transitions.ts';
import {
  ALICE,
  alive,
  BOB,
  insertAll,
  NOW,
  POLICY,
  pending,
  queued,
  running,
  wish,
  worker,
} from './fixtures.contract.ts';
import { type OpenStore, subject } from './subject.contract.ts';

export function queueContract(open: OpenStore): void {
  const at = subject(open);

  it('counts by status, of one owner and of all, without deleted ones', async () => {
    const none = { pending: 0, queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 };
    expect(await at.videos.counts()).toEqual(none);
    await insertAll(at.store, [
      pending(1),
      pending(2),
      queued(3),
      running(4, { owner: BOB }),
      cancel(queued(5), NOW, POLICY),
      entomb(queued(6), NOW, POLICY),
    ]);
    expect(await at.videos.counts()).toEqual({ ...none, pending: 2, queued: 1, running: 1, cancelled: 1 });
    expect(await at.videos.counts(ALICE)).toEqual({ ...none, pending: 2, queued: 1, cancelled: 1 });
    expect(await at.videos.counts(BOB)).toEqual({ ...none, running: 1 });
  });

  it('tells how many queued videos of the same backend stand before one', async () => {
    await insertAll(at.store, [
      queued(1, { at: NOW + 1 }),
      queued(2),
      queued(3),
      queued(4, { backend: 'other', at: NOW - 9 }),
      running(5, { at: NOW - 9 }),
      pending(6, { at: NOW - 9 }),
      cancel(queued(7, { at: NOW - 9 }), NOW, POLICY),
    ]);
    expect(await at.videos.queuePosition(queued(2))).toBe(0);
    expect(await at.videos.queuePosition(queued(3))).toBe(1);
    expect(await at.videos.queuePosition(queued(1, { at: NOW + 1 }))).toBe(2);
    expect(await at.videos.queuePosition(queued(4, { backend: 'other', at: NOW - 9 }))).toBe(0);
    expect(await at.videos.queuePosition(running(5))).toBe(0);
    expect(await at.videos.queuePosition(queued(99))).toBe(0);
  });

  it('tells when the next unleased video of a lane becomes due', async () => {
    await alive(at.store, 'a');
    expect(await at.videos.nextDue('admit', [])).toBeUndefined();
    await insertAll(at.store, [
      pending(1, { at: NOW + 7 }),
      queued(2, { at: NOW + 5 }),
      queued(3, { at: NOW + 3, backend: 'other' }),
      running(4, { at: NOW + 9 }),
      { ...queued(5, { at: NOW + 1 }), worker: worker('a') },
    ]);
    expect(await at.videos.nextDue('admit', [])).toBe(NOW + 7);
    expect(await at.videos.nextDue('generate', [])).toBeUndefined();
    expect(await at.videos.nextDue('generate', ['renderer'])).toBe(NOW + 5);
    expect(await at.videos.nextDue('generate', ['renderer', 'other'])).toBe(NOW + 3);
    expect(await at.videos.nextDue('generate', ['renderer'], NOW + 5)).toBe(NOW + 9);
    expect(await at.videos.nextDue('generate', ['renderer'], NOW + 9)).toBeUndefined();
    await at.videos.claim(wish('a', { lane: 'admit', now: NOW + 9 }));
    expect(await at.videos.nextDue('admit', [])).toBeUndefined();
  });
}
