import { expect, it } from 'vitest';
import { Fault } from '../../domain/fault.ts';
import { advance, entomb, fail, succeed } from '../../domain/transitions.ts';
import type { Video } from '../../domain/video.ts';
import {
  ALICE,
  BOB,
  CHARGE,
  NOW,
  POLICY,
  pending,
  queued,
  RESULT,
  running,
  videoId,
  wish,
  write,
} from './fixtures.contract.ts';
import { type OpenStore, subject } from './subject.contract.ts';

export function insertContract(open: OpenStore): void {
  const at = subject(open);
  const asked = { key: 'order 66', fingerprint: 'f1' };

  it('gives back what was put in, in every state', async () => {
    const states: readonly Video[] = [
      pending(1, { tags: { a: 'b', ключ: '値', "it's": '"; drop table video; --' }, prompt: 'Ein 🐈 läuft\n"\\' }),
      { ...queued(2), apiKey: 'key_1' as never, warnings: [{ code: 'upscaled', message: 'The first frame …' }] },
      { ...advance(running(3), 0.123456789, 'storing', NOW + 5, POLICY), worker: 'worker_a' as never },
      succeed(running(4), RESULT, NOW + 7, { ...POLICY, resultTtlMs: 1000 }),
      fail(running(5), new Fault('timeout', 'Too late.'), NOW + 8, POLICY),
      { ...fail(pending(6), new Fault('timeout', 'Too late.'), NOW + 8, POLICY), expired: true },
      entomb(queued(7), NOW + 9, POLICY),
    ];
    for (const video of states) {
      expect(await at.videos.insert(video, {})).toEqual({ outcome: 'inserted', video });
      expect(await at.videos.find(video.id)).toStrictEqual(video);
    }
  });

  it('shows a video to its owner only, and a tombstone to workers only', async () => {
    const video = pending(1);
    await at.videos.insert(video, {});
    expect(await at.videos.find(video.id, ALICE)).toStrictEqual(video);
    expect(await at.videos.find(video.id, BOB)).toBeUndefined();
    expect(await at.videos.find(videoId(2))).toBeUndefined();
    expect(await at.videos.exists(video.id)).toBe(true);
    expect(await at.videos.exists(videoId(2))).toBe(false);

    const tombstone = await write(at.store, video, entomb(video, NOW + 1, POLICY));
    expect(await at.videos.find(video.id, ALICE)).toBeUndefined();
    expect(await at.videos.find(video.id)).toStrictEqual(tombstone);
    expect(await at.videos.exists(video.id)).toBe(true);
  });

  it('refuses a second video of the same id and leaves the first alone', async () => {
    await at.videos.insert(pending(1, { prompt: 'first' }), {});
    await expect(at.videos.insert(pending(1, { prompt: 'second' }), { idempotency: asked })).rejects.toThrow();
    expect((await at.videos.find(videoId(1)))?.generation.prompt).toBe('first');
    expect(await at.videos.findByKey(ALICE, asked.key)).toBeUndefined();
  });

  it('keeps posted pictures until they are dropped', async () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, n) => n % 256);
    const video = pending(1);
    await at.videos.insert(video, { inputs: [{ role: 'first', bytes }] });
    bytes.fill(0, 500);
    const stored = await at.videos.input(video.id, 'first');
    expect(stored).toHaveLength(1000);
    expect(Array.from(stored?.slice(499, 502) ?? [])).toEqual([243, 244, 245]);
    expect(await at.videos.input(video.id, 'last')).toBeUndefined();
    const written = await write(at.store, video, video, {});
    expect(await at.videos.input(video.id, 'first')).toHaveLength(1000);
    await write(at.store, written, written, { dropInputs: true });
    expect(await at.videos.input(video.id, 'first')).toBeUndefined();
  });

  it('writes the event and the ledger line along', async () => {
    await at.videos.insert(pending(1, { charge: CHARGE }), { event: { type: 'video.pending', at: NOW } });
    expect(await at.opened.events(videoId(1))).toEqual([{ type: 'video.pending', at: NOW, version: 1 }]);
    expect(await at.store.ledger.lines(videoId(1))).toHaveLength(1);
  });

  it('replays the same key and ask with the video as it is now', async () => {
    await at.videos.insert(pending(1), { idempotency: asked });
    const changed = await write(at.store, pending(1), queued(1));
    const again = await at.videos.insert(pending(2), { idempotency: asked, event: { type: 'video.pending', at: NOW } });
    expect(again).toEqual({ outcome: 'replayed', video: changed });
    expect(await at.videos.findByKey(ALICE, asked.key)).toEqual({ video: changed, fingerprint: 'f1' });
    expect(await at.videos.exists(videoId(2))).toBe(false);
    expect(await at.opened.events(videoId(2))).toEqual([]);
  });

  it('refuses the same key with another ask', async () => {
    await at.videos.insert(pending(1), { idempotency: asked });
    const other = await at.videos.insert(pending(2), { idempotency: { ...asked, fingerprint: 'f2' } });
    expect(other).toEqual({ outcome: 'mismatch' });
    expect(await at.videos.exists(videoId(2))).toBe(false);
  });

  it("keeps owners' keys apart, and keys that only look alike", async () => {
    await at.videos.insert(pending(1), { idempotency: asked });
    const others = [
      { ...pending(2, { owner: BOB }), key: asked.key },
      { ...pending(3), key: 'ORDER 66' },
      { ...pending(4), key: 'order_66' },
      { ...pending(5), key: 'order%' },
    ];
    for (const { key, ...video } of others) {
      const inserted = await at.videos.insert(video, { idempotency: { key, fingerprint: 'f1' } });
      expect(inserted.outcome).toBe('inserted');
    }
    expect((await at.videos.findByKey(BOB, asked.key))?.video.id).toBe(videoId(2));
    expect(await at.videos.findByKey(BOB, 'ORDER 66')).toBeUndefined();
  });

  it('makes exactly one video of many concurrent asks with one key', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) => at.videos.insert(pending(n), { idempotency: asked })),
    );
    const made = outcomes.filter(({ outcome }) => outcome === 'inserted');
    const replayed = outcomes.filter(({ outcome }) => outcome === 'replayed');
    expect([made.length, replayed.length]).toEqual([1, 19]);
    const ids = new Set(outcomes.map((answer) => ('video' in answer ? answer.video.id : '')));
    expect(ids.size).toBe(1);
    expect((await at.videos.list(ALICE, { limit: 50, order: 'asc' })).items).toHaveLength(1);
  });

  it('answers a key with the tombstone after a delete, and forgets it with the row', async () => {
    const video = pending(1);
    await at.videos.insert(video, { idempotency: asked });
    const tombstone = await write(at.store, video, entomb(video, NOW + 1, POLICY));
    const again = await at.videos.insert(pending(2), { idempotency: asked });
    expect(again).toEqual({ outcome: 'replayed', video: tombstone });
    expect((await at.videos.insert(pending(3), { idempotency: { ...asked, fingerprint: 'f2' } })).outcome).toBe(
      'mismatch',
    );

    await at.videos.purge(video.id);
    expect(await at.videos.findByKey(ALICE, asked.key)).toBeUndefined();
    const fresh = await at.videos.insert(pending(4), { idempotency: { ...asked, fingerprint: 'f2' } });
    expect(fresh.outcome).toBe('inserted');
  });

  it('moves a key on to a new video where that is asked for', async () => {
    const record = (moves?: boolean) => ({ idempotency: { key: 'k', fingerprint: 'f', moves } });
    await at.videos.insert(pending(1), record());
    expect(await at.videos.insert(pending(2), record(true))).toMatchObject({ outcome: 'inserted' });
    expect((await at.videos.findByKey(ALICE, 'k'))?.video.id).toBe(videoId(2));
    expect(await at.videos.insert(pending(3), record())).toMatchObject({
      outcome: 'replayed',
      video: { id: videoId(2) },
    });
    // The first video has no key any more, so nothing of it must be kept for one.
    await at.videos.purge(videoId(1));
    expect((await at.videos.findByKey(ALICE, 'k'))?.video.id).toBe(videoId(2));
  });

  it('cannot be changed through what was given or got', async () => {
    const tags = { a: 'b' };
    const video = pending(1, { tags });
    await at.videos.insert(video, {});
    tags.a = 'changed';
    const found = await at.videos.find(video.id);
    try {
      Object.assign((found as Video).generation.tags, { a: 'changed' });
    } catch {
      // Refusing the change is as good as not being hurt by it.
    }
    expect((await at.videos.find(video.id))?.generation.tags).toEqual({ a: 'b' });
    const [claimed] = await at.videos.claim(wish('a', { lane: 'admit' }));
    expect(claimed?.video.generation.tags).toEqual({ a: 'b' });
  });
}
