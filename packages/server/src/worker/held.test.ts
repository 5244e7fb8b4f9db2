import { expect, it } from 'vitest';
import { createMemoryStore } from '../adapters/stores/memory/store.ts';
import { alive, insertAll, queued, videoId, wish } from '../ports/store-contract/fixtures.contract.ts';
import { createHeld } from './held.ts';

it('holds a video until the last of two works on it has ended', async () => {
  const store = createMemoryStore();
  await alive(store, 'a');
  await insertAll(store, [queued(1)]);
  const claimed = await store.videos.claim(wish('a'));
  const held = createHeld();
  const ends = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const works = ends.map(({ promise }) => held.works(claimed, () => promise)[0]?.(new AbortController().signal));
  expect(held.ids).toEqual([videoId(1)]);
  ends[0]?.resolve();
  await works[0];
  expect(held.ids).toEqual([videoId(1)]);
  ends[1]?.resolve();
  await works[1];
  expect(held.ids).toEqual([]);
});
