import { expect, it } from 'vitest';
import { advance, cancel, entomb, fetching } from '../../domain/transitions.ts';
import type { Effects } from '../store.ts';
import { alive, insertAll, NOW, POLICY, pending, queued, running, videoId, wish, write } from './fixtures.contract.ts';
import { type OpenStore, subject } from './subject.contract.ts';

export function swapContract(open: OpenStore): void {
  const at = subject(open);
  const effects: Effects = {
    event: { type: 'video.cancelled', at: NOW + 1 },
    upstreamCost: 3,
    dropInputs: true,
    freeSlot: true,
  };

  it('writes the next version and returns what is stored', async () => {
    await at.videos.insert(pending(1), {});
    const written = await at.videos.swap(pending(1), fetching(pending(1), NOW + 1), {});
    expect(written).toEqual({ ...fetching(pending(1), NOW + 1), version: 2 });
    expect(await at.videos.find(videoId(1))).toStrictEqual(written);
  });

  it('counts on from what was read, whatever version the next one carries', async () => {
    await at.videos.insert(pending(1), {});
    const written = await write(at.store, pending(1), { ...pending(1), version: 77 });
    expect(written.version).toBe(2);
  });

  it('writes one event per write, under the version it made', async () => {
    await at.videos.insert(running(1), { event: { type: 'video.running', at: NOW } });
    const half = advance(running(1), 0.5, 'generating', NOW + 1, POLICY);
    const second = await write(at.store, running(1), half, { event: { type: 'video.progress', at: NOW + 1 } });
    const third = await write(at.store, second, second, {});
    await write(at.store, third, cancel(third, NOW + 2, POLICY), { event: { type: 'video.cancelled', at: NOW + 2 } });
    expect(await at.opened.events(videoId(1))).toEqual([
      { type: 'video.running', at: NOW, version: 1 },
      { type: 'video.progress', at: NOW + 1, version: 2 },
      { type: 'video.cancelled', at: NOW + 2, version: 4 },
    ]);
  });

  it('writes nothing at all when somebody wrote since', async () => {
    await alive(at.store, 'a');
    await insertAll(at.store, [queued(2)]);
    await at.videos.insert(queued(1, { at: NOW - 1 }), { inputs: [{ role: 'last', bytes: Uint8Array.of(1) }] });
    const slots = { renderer: 1 };
    const [claimed] = await at.videos.claim(wish('a', { slots }));
    expect(claimed?.video.id).toBe(videoId(1));
    const stale = queued(1, { at: NOW - 1 });
    expect(await at.videos.swap(stale, cancel(stale, NOW + 1, POLICY), effects)).toBe('stale');
    expect(await at.videos.find(videoId(1))).toStrictEqual(claimed?.video);
    expect(await at.opened.events(videoId(1))).toEqual([]);
    expect(await at.store.ledger.lines(videoId(1))).toEqual([]);
    expect(await at.videos.input(videoId(1), 'last')).toBeDefined();
    expect(await at.videos.claim(wish('a', { slots }))).toEqual([]);
  });

  it('is stale for a video that is gone', async () => {
    expect(await at.videos.swap(pending(1), cancel(pending(1), NOW, POLICY), effects)).toBe('stale');
    expect(await at.opened.events(videoId(1))).toEqual([]);
  });

  it('lets one of many concurrent writers win', async () => {
    await at.videos.insert(pending(1), {});
    const writes = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        at.videos.swap(pending(1), fetching(pending(1), NOW + n), { event: { type: 'video.progress', at: NOW + n } }),
      ),
    );
    expect(writes.filter((written) => written !== 'stale')).toHaveLength(1);
    expect(await at.opened.events(videoId(1))).toHaveLength(1);
    expect((await at.videos.find(videoId(1)))?.version).toBe(2);
  });

  it('leaves nothing of what the caller sent in a tombstone', async () => {
    const video = pending(1, { prompt: 'my secret', tags: { project: 'x' } });
    await at.videos.insert(video, { inputs: [{ role: 'first', bytes: Uint8Array.of(1) }] });
    await write(at.store, video, entomb(video, NOW, POLICY), { dropInputs: true });
    expect(JSON.stringify(await at.videos.find(video.id))).not.toMatch(/my secret|project/);
    expect(await at.videos.input(video.id, 'first')).toBeUndefined();
  });
}
