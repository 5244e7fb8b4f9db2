import { expect, it } from 'vitest';
import { eventOf, type ToldEvent } from '../../domain/event.ts';
import type { VideoId } from '../../domain/id.ts';
import { cancel } from '../../domain/transitions.ts';
import type { EventPlace } from '../store.ts';
import { ALICE, BOB, NOW, POLICY, pending, videoId, write } from './fixtures.contract.ts';
import { type OpenStore, subject } from './subject.contract.ts';

/** The place before all events of an instant. */
const from = (at: number): EventPlace => ({ at, video: '' as VideoId, version: 0 });

export function eventsContract(open: OpenStore): void {
  const at = subject(open);

  /** Inserts a video with its event. */
  async function tell(n: number, when: number, owner = ALICE) {
    const video = pending(n, { at: when, owner });
    await at.videos.insert(video, { event: eventOf(undefined, video) });
    return video;
  }
  const told = (n: number, when: number, more: Partial<ToldEvent> = {}) => ({
    video: videoId(n),
    version: 1,
    owner: ALICE,
    type: 'video.pending',
    at: when,
    ...more,
  });

  it('tells of every owner by time, whatever the order of writing', async () => {
    await tell(2, NOW + 5);
    await tell(1, NOW + 9, BOB);
    const video = await tell(3, NOW);
    const cancelled = cancel(video, NOW + 9, POLICY);
    await write(at.store, video, cancelled, { event: eventOf(video, cancelled) });
    expect(await at.store.events.after(from(NOW), 10)).toEqual([
      told(3, NOW),
      told(2, NOW + 5),
      told(1, NOW + 9, { owner: BOB }),
      told(3, NOW + 9, { version: 2, type: 'video.cancelled' }),
    ]);
    expect(await at.store.events.after(from(NOW + 6), 10)).toHaveLength(2);
    expect(await at.store.events.after(from(NOW + 10), 10)).toEqual([]);
  });

  it('goes on behind a place, many of one instant among them', async () => {
    for (const n of [4, 2, 0, 3, 1]) await tell(n, NOW);
    const seen: VideoId[] = [];
    for (let place = from(NOW); ; ) {
      const rows = await at.store.events.after(place, 2);
      const last = rows.at(-1);
      if (last === undefined) break;
      seen.push(...rows.map(({ video }) => video));
      place = last;
    }
    expect(seen).toEqual([0, 1, 2, 3, 4].map(videoId));
  });

  it('tells nothing of a write that was refused, nor of what was purged', async () => {
    const video = await tell(1, NOW);
    const next = cancel(video, NOW, POLICY);
    await write(at.store, video, next, {});
    expect(await at.videos.swap(video, next, { event: eventOf(video, next) })).toBe('stale');
    expect(await at.store.events.after(from(0), 10)).toEqual([told(1, NOW)]);
    await at.videos.purge(video.id);
    expect(await at.store.events.after(from(0), 10)).toEqual([]);
  });
}
