import { expect, vi } from 'vitest';
import type { VideoId } from '../../../domain/id.ts';
import type { Store } from '../../../ports/store.ts';
import { ALICE, pending, videoId } from '../../../ports/store-contract/fixtures.contract.ts';
import { createRelief } from './relief.ts';
import { make, withWrites } from './writes.ts';
import { startWritingThread } from './writing-thread.ts';

/** A writing thread that ends when it is asked to purge a video of one of these names. */
export const ENDING = new URL('./ending-thread.fixture.ts', import.meta.url);
export type Ending = 'exit' | 'throw' | 'memory';

/** Writes to a store in a crowd, lets its thread end within a transaction, and looks whether everything told is there. */
export async function outliveThread(store: Store, path: string, way: Ending): Promise<void> {
  const onLost = vi.fn();
  const relief = createRelief({
    here: (call) => make(store, call),
    start: () => startWritingThread(path, () => {}, ENDING),
    counts: () => true,
    crowd: 2,
    restMs: 60_000,
    onLost,
  });
  const { videos } = withWrites(store, relief.write);
  const told: number[] = [];
  const insert = async (n: number) => {
    await videos.insert(pending(n), {});
    told.push(n);
  };
  let n = 0;
  const crowd = () => Promise.all([insert(n++), insert(n++), insert(n++)]);
  // Purged here, nothing happens; once the thread has taken over, it ends.
  await vi.waitFor(async () => {
    await crowd();
    await expect(videos.purge(way as VideoId)).rejects.toMatchObject({ code: 'storage_unavailable' });
  }, 30_000);
  await vi.waitFor(() => expect(onLost).toHaveBeenCalledOnce());
  await crowd();
  expect(told).toHaveLength(n);
  for (const each of told) expect(await videos.find(videoId(each), ALICE)).toStrictEqual(pending(each));
  await relief.close();
}
