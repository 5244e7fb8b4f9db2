import { describe, expect, it } from 'vitest';
import { createStage, type Stage } from '../../../../test/support/stage.ts';
import { eventOf } from '../domain/event.ts';
import { cancel, fetching } from '../domain/transitions.ts';
import type { Video } from '../domain/video.ts';
import { createFeed } from './feed.ts';

/** A feed over the stage's store that counts what it asks of it. */
function counting(stage: Stage) {
  const asked = { events: 0, find: 0 };
  const { store, bell, clock, log } = stage;
  const feed = createFeed({
    videos: {
      find: async (...args) => {
        asked.find += 1;
        return store.videos.find(...args);
      },
    },
    events: {
      after: async (...args) => {
        asked.events += 1;
        return store.events.after(...args);
      },
    },
    bell,
    clock,
    log,
  });
  return { feed, asked };
}

async function write(stage: Stage, previous: Video, next: Video): Promise<Video> {
  const written = await stage.store.videos.swap(previous, next, { event: eventOf(previous, next) });
  if (written === 'stale') throw new Error('stale');
  return written;
}

describe('the feed', () => {
  it('tells of a change at once when the bell rings, and within a second when it does not', async () => {
    const stage = createStage();
    const { feed } = counting(stage);
    const video = await stage.submit();
    const heard: Video[] = [];
    const stop = feed.watch(video.id, (seen) => heard.push(seen));
    await stage.clock.advance(5_000);
    heard.splice(0);

    const fetched = await write(stage, video, fetching(video, stage.clock.now()));
    stage.bell.ring(`video:${video.id}`);
    await stage.clock.advance(60);
    expect(heard).toEqual([fetched]);

    const ended = await write(stage, fetched, cancel(fetched, stage.clock.now(), stage.policy));
    await stage.clock.advance(1_100);
    expect(heard).toEqual([fetched, ended]);
    stop();
  });

  it('sees what was committed late, or by a clock that is behind', async () => {
    const stage = createStage();
    const { feed } = counting(stage);
    const video = await stage.submit();
    await stage.clock.advance(60_000);
    const heard: Video[] = [];
    feed.watch(video.id, (seen) => heard.push(seen));
    await stage.clock.advance(3_000);
    expect(heard).toEqual([]);
    const late = await write(stage, video, fetching(video, stage.clock.now() - 8_000));
    await stage.clock.advance(1_100);
    expect(heard).toEqual([late]);
    // Read again and again for ten seconds, told once.
    await stage.clock.advance(15_000);
    expect(heard).toHaveLength(1);
  });

  it('asks the store as often for a thousand as for one, and not at all for nobody', async () => {
    const stage = createStage();
    const videos: Video[] = [];
    for (let n = 0; n < 100; n += 1) videos.push(await stage.submit());
    await stage.clock.advance(60_000);
    const costOf = async (waiting: number) => {
      const { feed, asked } = counting(stage);
      const stops = Array.from({ length: waiting }, (_, n) =>
        feed.watch(videos[n % 100]?.id ?? ('video_' as never), () => {}),
      );
      await stage.clock.advance(10_500);
      const cost = { ...asked };
      for (const stop of stops) stop();
      await stage.clock.advance(2_000);
      expect(stage.clock.sleepers).toBe(0);
      const { events } = asked;
      await stage.clock.advance(60_000);
      expect(asked.events).toBe(events);
      return cost;
    };
    const one = await costOf(1);
    expect(await costOf(1_000)).toEqual(one);
    expect(one.events).toBeGreaterThanOrEqual(10);
    expect(one.events).toBeLessThanOrEqual(12);
    expect(one.find).toBe(0);
    expect(stage.bell.listeners()).toBe(0);
  });

  it('answers a thousand rings together', async () => {
    const stage = createStage();
    const { feed, asked } = counting(stage);
    const video = await stage.submit();
    feed.watch(video.id, () => {});
    await stage.clock.advance(5_000);
    asked.events = 0;
    for (let n = 0; n < 1_000; n += 1) stage.bell.ring(`video:${video.id}`);
    await stage.clock.advance(500);
    expect(asked.events).toBeLessThanOrEqual(3);
  });

  it('goes on after the store failed', async () => {
    const stage = createStage();
    const { store, bell, clock, log } = stage;
    let broken = true;
    const feed = createFeed({
      videos: store.videos,
      events: {
        after: async (...args) => {
          if (broken) throw new Error('the database is away');
          return store.events.after(...args);
        },
      },
      bell,
      clock,
      log,
    });
    const video = await stage.submit();
    const heard: Video[] = [];
    feed.watch(video.id, (seen) => heard.push(seen));
    await stage.clock.advance(3_000);
    expect(log.of('warn').length).toBeGreaterThan(1);
    expect(log.of('warn').length).toBeLessThan(6);
    broken = false;
    await stage.clock.advance(1_100);
    expect(heard).toEqual([video]);
  });
});

describe('waiting', () => {
  it('ends with the status, not with progress', async () => {
    const stage = createStage();
    const video = await stage.submit();
    let answer: Video | undefined;
    const { waitForStatus } = stage.videos;
    const caller = { owner: video.owner, apiKey: null, scopes: [] };
    void waitForStatus(caller, video.id, 30_000, new AbortController().signal).then((seen) => {
      answer = seen;
    });
    await stage.clock.advance(1_000);
    const fetched = await write(stage, video, fetching(video, stage.clock.now()));
    stage.bell.ring(`video:${video.id}`);
    await stage.clock.advance(5_000);
    expect(answer).toBeUndefined();
    await write(stage, fetched, cancel(fetched, stage.clock.now(), stage.policy));
    stage.bell.ring(`video:${video.id}`);
    await stage.clock.advance(100);
    expect(answer).toMatchObject({ status: 'cancelled' });
  });

  it('ends after its time, with the signal, and when the video is deleted', async () => {
    const stage = createStage();
    const video = await stage.submit();
    const caller = { owner: video.owner, apiKey: null, scopes: [] };
    const gone = new AbortController();
    const ends: string[] = [];
    const wait = (name: string, ms: number, signal = new AbortController().signal) =>
      stage.videos.waitForStatus(caller, video.id, ms, signal).then(
        ({ status }) => void ends.push(`${name} ${status}`),
        ({ code }: { code: string }) => void ends.push(`${name} ${code}`),
      );
    void wait('short', 2_000);
    void wait('left', 60_000, gone.signal);
    void wait('deleted', 60_000);
    await stage.clock.advance(2_500);
    expect(ends).toEqual(['short pending']);
    gone.abort();
    await stage.clock.settle();
    expect(ends).toEqual(['short pending', 'left pending']);
    await stage.videos.delete(caller, video.id);
    await stage.clock.advance(1_500);
    expect(ends.at(-1)).toBe('deleted not_found');
    await stage.clock.advance(2_000);
    expect([stage.clock.sleepers, stage.bell.listeners()]).toEqual([0, 0]);
  });
});
