import { expect, it } from 'vitest';
import { alive, insertAll, NOW, queued, wish } from './fixtures.contract.ts';
import { type OpenStore, subject } from './subject.contract.ts';

export function backendsContract(open: OpenStore): void {
  const at = subject(open);

  it('are known once a process has them, and open until an operator says otherwise', async () => {
    const { backends } = at.store;
    expect(await backends.list()).toEqual([]);
    await backends.seen([], NOW);
    await backends.seen(['renderer', 'dashscope'], NOW);
    await backends.set('renderer', 'paused', NOW + 1);
    await backends.seen(['renderer'], NOW + 2);
    expect(await backends.list()).toEqual([
      { name: 'dashscope', state: 'open', changedAt: NOW, seenAt: NOW, taken: 0 },
      { name: 'renderer', state: 'paused', changedAt: NOW + 1, seenAt: NOW + 2, taken: 0 },
    ]);
  });

  it('can be spoken of before any process has them', async () => {
    const { backends } = at.store;
    await backends.set('comfyui', 'draining', NOW);
    expect(await backends.list()).toEqual([
      { name: 'comfyui', state: 'draining', changedAt: NOW, seenAt: 0, taken: 0 },
    ]);
    await backends.seen(['comfyui'], NOW + 5);
    await backends.set('comfyui', 'open', NOW + 6);
    expect(await backends.list()).toEqual([
      { name: 'comfyui', state: 'open', changedAt: NOW + 6, seenAt: NOW + 5, taken: 0 },
    ]);
  });

  it('tell how many of their slots are taken, over the whole fleet', async () => {
    await alive(at.store, 'a', 'b');
    await at.store.backends.seen(['renderer', 'other'], NOW);
    await insertAll(at.store, [queued(1), queued(2), queued(3), queued(4, { backend: 'other' })]);
    const slots = { renderer: 2, other: 5 };
    await at.videos.claim(wish('a', { slots, limit: 1 }));
    await at.videos.claim(wish('b', { slots, limit: 9 }));
    const taken = (await at.store.backends.list()).map((backend) => [backend.name, backend.taken]);
    expect(taken).toEqual([
      ['other', 1],
      ['renderer', 2],
    ]);
  });

  it('are asked at their rate by all takers together', async () => {
    const { rate } = at.store;
    const waits = await Promise.all(Array.from({ length: 6 }, () => rate.take('dashscope', NOW, 4)));
    expect(waits.toSorted((a, b) => a - b)).toEqual([0, 250, 500, 750, 1000, 1250]);
    expect(await rate.take('comfyui', NOW, 4)).toBe(0);
    // Another process with a clock that is behind waits longer, and is not let in between.
    expect(await rate.take('dashscope', NOW - 100, 4)).toBe(1600);
    expect(await rate.take('dashscope', NOW + 60_000, 4)).toBe(0);
  });

  it('may be slower than one request per second', async () => {
    const { rate } = at.store;
    expect(await rate.take('slow', NOW, 0.5)).toBe(0);
    expect(await rate.take('slow', NOW + 500, 0.5)).toBe(1_500);
  });
}
