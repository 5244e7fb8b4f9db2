import { expect, it } from 'vitest';
import type { OwnerId } from '../../domain/id.ts';
import { admit, begin, cancel, giveBack, succeed } from '../../domain/transitions.ts';
import {
  ALICE,
  alive,
  BOB,
  idsOf,
  insertAll,
  NOW,
  POLICY,
  PREPARED,
  pending,
  queued,
  RESULT,
  running,
  videoId,
  wish,
  write,
} from './fixtures.contract.ts';
import { type OpenStore, subject } from './subject.contract.ts';

const CAROL = 'carol' as OwnerId;

export function fairContract(open: OpenStore): void {
  const at = subject(open);

  /** Videos that join the queue one after the other, as admission lets them. */
  async function join(asks: readonly (readonly [number, OwnerId])[], backend = 'renderer'): Promise<void> {
    for (const [n, owner] of asks) {
      const video = pending(n, { owner, backend, at: NOW - 1000 + n });
      await at.videos.insert(video, {});
      await write(at.store, video, admit(video, PREPARED, [], NOW - 1000 + n, POLICY));
    }
  }
  /** Claims one after the other, as free slots would. */
  async function order(count: number): Promise<readonly number[]> {
    const numbers: number[] = [];
    for (let n = 0; n < count; n += 1) {
      const [claimed] = await at.videos.claim(wish('a', { limit: 1 }));
      if (claimed === undefined) break;
      numbers.push(Number(claimed.video.id.slice(6)));
    }
    return numbers;
  }

  it('let the one video of an owner go before the thousand of another', async () => {
    await alive(at.store, 'a');
    await join([
      [1, ALICE],
      [2, ALICE],
      [3, ALICE],
      [4, ALICE],
      [5, BOB],
      [6, BOB],
      [7, CAROL],
    ]);
    expect(await order(9)).toEqual([1, 5, 7, 2, 6, 3, 4]);
  });

  it('let one that joins late stand beside what is served now', async () => {
    await alive(at.store, 'a');
    await join(Array.from({ length: 6 }, (_, n) => [n + 1, ALICE] as const));
    expect(await order(3)).toEqual([1, 2, 3]);
    await join([
      [7, BOB],
      [8, BOB],
      [9, ALICE],
    ]);
    expect(await order(9)).toEqual([4, 7, 5, 8, 6, 9]);
  });

  it('are taken in one claim as in many', async () => {
    await alive(at.store, 'a');
    await join([
      [1, ALICE],
      [2, ALICE],
      [3, BOB],
    ]);
    expect(idsOf(await at.videos.claim(wish('a', { limit: 2 })))).toEqual([videoId(1), videoId(3)]);
  });

  it('are counted for each backend on its own', async () => {
    await alive(at.store, 'a');
    await join(
      [
        [1, ALICE],
        [2, ALICE],
      ],
      'other',
    );
    await join([
      [3, ALICE],
      [4, BOB],
    ]);
    expect(await order(9)).toEqual([3, 4]);
  });

  it('come after priority, and what is given back keeps its place', async () => {
    await alive(at.store, 'a');
    await join([
      [1, ALICE],
      [2, ALICE],
      [3, BOB],
    ]);
    const two = await at.videos.find(videoId(2));
    if (two === undefined) throw new Error('it is there');
    await write(at.store, two, two, { priority: 5 });
    const [first] = await at.videos.claim(wish('a', { limit: 1 }));
    expect(first?.video.id).toBe(videoId(2));
    if (first === undefined) throw new Error('nothing claimed');
    await write(at.store, first.video, giveBack(first.video, NOW), { freeSlot: true });
    expect(await at.videos.queuePosition({ ...first.video })).toBe(0);
    expect(await order(9)).toEqual([2, 1, 3]);
  });

  it('are what the queue position counts', async () => {
    await join([
      [1, ALICE],
      [2, ALICE],
      [3, BOB],
    ]);
    const position = async (n: number) => at.videos.queuePosition(queued(n));
    expect([await position(1), await position(2), await position(3)]).toEqual([0, 2, 1]);
  });

  it('counts what waits for its first attempt', async () => {
    expect(await at.videos.waiting()).toBe(0);
    await insertAll(at.store, [pending(1), queued(2), queued(3), running(4), cancel(queued(5), NOW, POLICY)]);
    expect(await at.videos.waiting()).toBe(3);
  });

  it('tells the backends that videos wait for or run on', async () => {
    expect(await at.videos.backendsInUse()).toEqual([]);
    await insertAll(at.store, [
      queued(1, { backend: 'b' }),
      queued(2, { backend: 'b' }),
      running(3, { backend: 'a' }),
      pending(4, { backend: 'c' }),
      cancel(queued(5, { backend: 'd' }), NOW, POLICY),
    ]);
    expect(await at.videos.backendsInUse()).toEqual(['a', 'b']);
  });

  it('tells what succeeded last on a backend, the newest first', async () => {
    const done = (n: number, at: number, backend = 'renderer') =>
      succeed(begin(queued(n, { backend, at }), at, POLICY, false), RESULT, at + 10, POLICY);
    await insertAll(at.store, [done(1, NOW), done(2, NOW + 9), done(3, NOW + 5), done(4, NOW, 'other'), queued(5)]);
    const recent = async (backend: string, limit: number) => idsOf(await at.videos.recent(backend, limit));
    expect(await recent('renderer', 2)).toEqual([videoId(2), videoId(3)]);
    expect(await recent('renderer', 9)).toEqual([videoId(2), videoId(3), videoId(1)]);
    expect(await recent('none', 9)).toEqual([]);
  });
}
