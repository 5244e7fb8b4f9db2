import { expect, it } from 'vitest';
import type { VideoId } from '../../domain/id.ts';
import { entomb } from '../../domain/transitions.ts';
import type { Page } from '../store.ts';
import { ALICE, BOB, idsOf, insertAll, NOW, POLICY, pending, queued, videoId, write } from './fixtures.contract.ts';
import { type OpenStore, type Subject, subject } from './subject.contract.ts';

const range = (count: number, from = 0) => Array.from({ length: count }, (_, n) => n + from);

/** All pages behind one another. */
async function readAll(at: Subject, page: Page): Promise<readonly VideoId[]> {
  const ids: VideoId[] = [];
  for (;;) {
    const after = ids.at(-1);
    const { items, hasMore } = await at.videos.list(ALICE, after === undefined ? page : { ...page, after });
    ids.push(...idsOf(items));
    if (!hasMore) return ids;
    if (items.length === 0) throw new Error('an empty page said that there is more');
  }
}

export function listContract(open: OpenStore): void {
  const at = subject(open);

  it("lists an owner's videos by creation, either way", async () => {
    await insertAll(at.store, [
      pending(3, { at: NOW }),
      pending(1, { at: NOW + 2 }),
      pending(2, { at: NOW + 1 }),
      pending(4, { owner: BOB }),
    ]);
    const upward = await at.videos.list(ALICE, { limit: 10, order: 'asc' });
    expect(idsOf(upward.items)).toEqual([videoId(3), videoId(2), videoId(1)]);
    const downward = await at.videos.list(ALICE, { limit: 10, order: 'desc' });
    expect(idsOf(downward.items)).toEqual([videoId(1), videoId(2), videoId(3)]);
    expect(await at.videos.list('nobody' as typeof ALICE, { limit: 10, order: 'asc' })).toEqual({
      items: [],
      hasMore: false,
    });
  });

  it('says exactly whether there is more', async () => {
    await insertAll(
      at.store,
      range(4).map((n) => pending(n)),
    );
    const two = await at.videos.list(ALICE, { limit: 2, order: 'asc' });
    expect([idsOf(two.items), two.hasMore]).toEqual([[videoId(0), videoId(1)], true]);
    const rest = await at.videos.list(ALICE, { limit: 2, order: 'asc', after: videoId(1) });
    expect([idsOf(rest.items), rest.hasMore]).toEqual([[videoId(2), videoId(3)], false]);
    const none = await at.videos.list(ALICE, { limit: 2, order: 'asc', after: videoId(3) });
    expect(none).toEqual({ items: [], hasMore: false });
  });

  it('pages thousands of videos of one millisecond exactly once', async () => {
    // Inserted in an order that is not the order of ids.
    const numbers = range(2_000).map((n) => (n * 1_117) % 2_000);
    // Many at once, because 2,000 waits for the disk one after the other would be most of the test.
    for (const some of range(20).map((part) => numbers.slice(100 * part, 100 * part + 100)))
      await Promise.all(some.map((n) => at.store.videos.insert(pending(n), {})));
    const all = range(2_000).map(videoId);
    expect(await readAll(at, { limit: 97, order: 'asc' })).toEqual(all);
    expect(await readAll(at, { limit: 1_000, order: 'desc' })).toEqual(all.toReversed());
  });

  it('continues behind a video that was deleted meanwhile', async () => {
    await insertAll(
      at.store,
      range(3).map((n) => pending(n)),
    );
    await write(at.store, pending(1), entomb(pending(1), NOW, POLICY));
    const rest = await at.videos.list(ALICE, { limit: 2, order: 'asc', after: videoId(1) });
    expect(idsOf(rest.items)).toEqual([videoId(2)]);
    expect(idsOf((await at.videos.list(ALICE, { limit: 9, order: 'asc' })).items)).toEqual([videoId(0), videoId(2)]);
  });

  it("refuses a cursor that is unknown or another owner's", async () => {
    await insertAll(at.store, [pending(1), pending(2, { owner: BOB })]);
    for (const after of [videoId(9), videoId(2)]) {
      await expect(at.videos.list(ALICE, { limit: 2, order: 'asc', after })).rejects.toMatchObject({
        code: 'invalid_request',
        param: 'after',
      });
    }
  });

  it('filters by status, model and tag, together and page by page', async () => {
    await insertAll(
      at.store,
      range(30).map((n) => {
        const wish = {
          model: n % 2 === 0 ? 'even' : 'odd',
          tags: { third: String(n % 3), all: 'x' },
          at: NOW + n,
        };
        return n < 15 ? pending(n, wish) : queued(n, wish);
      }),
    );
    const read = (page: Omit<Page, 'limit' | 'order'>) => readAll(at, { limit: 2, order: 'asc', ...page });
    const which = (matches: (n: number) => boolean) => range(30).filter(matches).map(videoId);
    expect(await read({ status: 'queued' })).toEqual(which((n) => n >= 15));
    expect(await read({ status: 'failed' })).toEqual([]);
    expect(await read({ model: 'odd' })).toEqual(which((n) => n % 2 === 1));
    expect(await read({ tag: { key: 'third', value: '2' } })).toEqual(which((n) => n % 3 === 2));
    expect(await read({ tag: { key: 'third', value: '' } })).toEqual([]);
    expect(await read({ tag: { key: 'toString', value: 'x' } })).toEqual([]);
    expect(await read({ status: 'pending', model: 'even', tag: { key: 'third', value: '0' } })).toEqual(
      which((n) => n < 15 && n % 6 === 0),
    );
    const downward = await readAll(at, { limit: 2, order: 'desc', tag: { key: 'third', value: '2' } });
    expect(downward).toEqual(which((n) => n % 3 === 2).toReversed());
  });

  it('takes % and _ in filters as they are written', async () => {
    await insertAll(at.store, [
      pending(1, { tags: { k: 'a_c' }, model: 'm_d' }),
      pending(2, { tags: { k: 'abc' }, model: 'mod' }),
      pending(3, { tags: { k: 'a%' }, model: 'm%' }),
      pending(4, { tags: { k: 'A_C' } }),
    ]);
    const ids = async (page: Partial<Page>) =>
      idsOf((await at.videos.list(ALICE, { limit: 9, order: 'asc', ...page })).items);
    expect(await ids({ tag: { key: 'k', value: 'a_c' } })).toEqual([videoId(1)]);
    expect(await ids({ tag: { key: 'k', value: 'a%' } })).toEqual([videoId(3)]);
    expect(await ids({ tag: { key: '_', value: 'a_c' } })).toEqual([]);
    expect(await ids({ model: 'm_d' })).toEqual([videoId(1)]);
    expect(await ids({ model: 'm%' })).toEqual([videoId(3)]);
  });

  it('bears every text in tags and filters', async () => {
    const odd = { 'n\0ul': 'half \ud83d', '\0': '' };
    const video = pending(1, { tags: odd });
    await at.videos.insert(video, {});
    expect((await at.videos.find(videoId(1)))?.generation.tags).toEqual(odd);
    for (const [key, value] of Object.entries(odd)) {
      const { items } = await at.videos.list(ALICE, { limit: 9, order: 'asc', tag: { key, value } });
      expect(idsOf(items)).toEqual([videoId(1)]);
    }
    expect((await at.videos.list(ALICE, { limit: 9, order: 'asc', model: 'wan\0' })).items).toEqual([]);
  });

  it('does not find a deleted video by its tags', async () => {
    const video = pending(1, { tags: { k: 'v' } });
    await at.videos.insert(video, {});
    await write(at.store, video, entomb(video, NOW, POLICY));
    const { items } = await at.videos.list(ALICE, { limit: 9, order: 'asc', tag: { key: 'k', value: 'v' } });
    expect(items).toEqual([]);
  });
}
