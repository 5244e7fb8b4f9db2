import { describe, expect, it } from 'vitest';
import { CALLER, createStage, type StageOptions } from '../../../../test/support/stage.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A stage whose first two minutes, in which nobody is judged, are over. */
async function opened(options: StageOptions = {}) {
  const stage = createStage(options);
  await stage.running();
  await stage.clock.advance(stage.policy.pendingDeadlineMs);
  return stage;
}

describe('deadlines', () => {
  it('end a running video with timeout, and the backend is aborted', async () => {
    const { backend, submit, clock, until, state, bell, meter } = await opened();
    backend.usually = { do: 'hang' };
    const video = await submit();
    await clock.until('call', () => backend.running === 1);
    const done = await until(video, 'failed', 11 * MINUTE);
    expect(done.failure).toEqual({ code: 'timeout', message: 'The video did not leave "running" in time.' });
    expect(clock.now() - (done.startedAt ?? 0)).toBeLessThanOrEqual(10 * MINUTE + 6_000);
    await clock.settle();
    expect(backend.calls[0]).toMatchObject({ aborted: true, released: true });
    expect([backend.running, state.slots.size]).toEqual([0, 0]);
    expect(bell.listeners()).toBe(4);
    expect(meter.counted('inbetween_videos_finished_total', 'code=timeout')).toBe(1);
  });

  it('end a queued video that nobody takes', async () => {
    const { backend, submit, clock, until, row } = await opened({ policy: { queuedDeadlineMs: 5 * MINUTE } });
    backend.usually = { do: 'hang' };
    await submit();
    await clock.settle();
    const video = await submit();
    await clock.until('queued', async () => (await row(video)).status === 'queued');
    expect((await until(video, 'failed', 6 * MINUTE)).failure?.message).toContain('"queued"');
    expect(backend.calls).toHaveLength(1);
  });

  it('end a pending video whose workers are all busy, and its posted pictures go', async () => {
    const { failing, submit, until, clock, state } = await opened();
    failing.set('claim', new Error('no claims today'));
    const video = await submit();
    expect(state.inputs.size).toBe(1);
    const done = await until(video, 'failed', 3 * MINUTE);
    expect(done.failure?.code).toBe('timeout');
    expect(state.inputs.size).toBe(0);
    expect(clock.now() - video.createdAt).toBeLessThanOrEqual(2 * MINUTE + 6_000);
  });

  it('are not held against videos while no server ran', async () => {
    const stage = createStage();
    const video = await stage.submit();
    await stage.clock.leap(3 * DAY);
    await stage.running();
    await stage.until(video, 'succeeded', MINUTE);
  });
});

describe('expiry', () => {
  it('changes the row first, then removes the files', async () => {
    const { submit, until, clock, row, artifacts, videos, events } = await opened({ policy: { resultTtlMs: HOUR } });
    const video = await submit();
    const done = await until(video, 'succeeded');
    expect(done.expiresAt).toBe((done.completedAt ?? 0) + HOUR);
    await clock.leap(HOUR - 10_000);
    expect((await row(video)).expired).toBe(false);
    await clock.advance(20_000);
    expect(await row(video)).toMatchObject({ status: 'succeeded', expired: true });
    expect(await artifacts.keys()).toEqual([]);
    expect(events(video).at(-1)).toBe('video.expired');
    for (const variant of ['video', 'thumbnail', 'first_frame', 'output_last_frame'] as const) {
      await expect(videos.content(CALLER, video.id, variant)).rejects.toMatchObject({ code: 'content_expired' });
    }
    await clock.advance(MINUTE);
    expect(events(video).filter((event) => event === 'video.expired')).toHaveLength(1);
  });

  it('goes on when a removal fails: the files are orphans then, and go with the next look', async () => {
    const stage = await opened({ policy: { resultTtlMs: 30 * MINUTE } });
    const video = await stage.submit();
    await stage.until(video, 'succeeded');
    const { removeAll } = stage.artifacts;
    stage.artifacts.removeAll = () => Promise.reject(new Error('EIO'));
    await stage.clock.leap(30 * MINUTE);
    await stage.clock.advance(10_000);
    expect((await stage.row(video)).expired).toBe(true);
    expect(await stage.artifacts.keys()).toHaveLength(5);
    stage.artifacts.removeAll = removeAll;
    await stage.clock.leap(HOUR);
    await stage.clock.advance(10_000);
    expect(await stage.artifacts.keys()).toEqual([]);
  });

  it('is never on the default', async () => {
    const { submit, until, clock, artifacts } = await opened();
    const video = await submit();
    expect((await until(video, 'succeeded')).expiresAt).toBeNull();
    await clock.leap(400 * DAY);
    await clock.advance(20_000);
    expect(await artifacts.keys()).toHaveLength(5);
  });
});

describe('purge', () => {
  it('forgets rows and files after their keep', async () => {
    const { submit, until, clock, state, artifacts } = await opened({ policy: { rowTtlMs: 30 * DAY } });
    const video = await submit();
    await until(video, 'succeeded');
    await clock.leap(30 * DAY - MINUTE);
    await clock.advance(10_000);
    expect(state.videos.size).toBe(1);
    await clock.advance(2 * MINUTE);
    expect([state.videos.size, state.events.length]).toEqual([0, 0]);
    expect(await artifacts.keys()).toEqual([]);
  });

  it('forgets a deleted video soon, but its idempotency key answers for a day', async () => {
    const { submit, videos, until, clock, state } = await opened();
    const plain = await submit();
    const keyed = await submit({ idempotencyKey: 'once' });
    await until(plain, 'succeeded');
    await until(keyed, 'succeeded');
    await videos.delete(CALLER, plain.id);
    await videos.delete(CALLER, keyed.id);
    await clock.advance(MINUTE);
    expect([...state.videos.keys()]).toEqual([keyed.id]);
    await expect(submit({ idempotencyKey: 'once' })).rejects.toMatchObject({ code: 'not_found' });
    await clock.leap(DAY);
    await clock.advance(MINUTE);
    expect(state.videos.size).toBe(0);
    expect((await submit({ idempotencyKey: 'once' })).id).not.toBe(keyed.id);
  });

  it('keeps the row of a deleted video while a peer still works on it', async () => {
    const { backend, submit, videos, clock, state } = await opened({
      remote: true,
      capabilities: { cancel: 'ignores' },
    });
    backend.usually = { do: 'operation', ms: 1e9 };
    const video = await submit();
    await clock.until('operation', () => backend.operations === 1);
    await videos.delete(CALLER, video.id);
    await clock.advance(MINUTE);
    expect(state.videos.has(video.id)).toBe(true);
  });
});

describe('orphans', () => {
  it('are files without a row and files of attempts that lost, once they are old', async () => {
    const { submit, until, clock, artifacts, backend } = await opened();
    backend.script.push({ do: 'crash', after: 1 });
    const video = await submit();
    await until(video, 'succeeded');
    const put = (key: string) => artifacts.put(key, { bytes: Buffer.from('x') }, 'video/mp4');
    await put(`videos/${video.id}/1/video.mp4`);
    await put(`videos/${video.id}/inputs/first`);
    await put('videos/video_99999999999999999999999999/inputs/first');
    await put('videos/not-an-id/file');
    const named = (await artifacts.keys()).filter((key) => /\/(?:2|frames)\//.test(key));
    expect(named).toHaveLength(5);
    await clock.leap(50 * MINUTE);
    await put('videos/video_88888888888888888888888888/inputs/first');
    await clock.leap(15 * MINUTE);
    await clock.advance(10_000);
    expect(await artifacts.keys()).toEqual(
      [...named, 'videos/not-an-id/file', 'videos/video_88888888888888888888888888/inputs/first'].toSorted(),
    );
  });

  it('are never files of a live video', async () => {
    const { submit, clock, artifacts, backend } = await opened({ policy: { runningDeadlineMs: { '*': DAY } } });
    backend.usually = { do: 'hang' };
    const video = await submit();
    await clock.until('call', () => backend.running === 1);
    await artifacts.put(`videos/${video.id}/1/video.mp4`, { bytes: Buffer.from('x') }, 'video/mp4');
    await clock.leap(3 * HOUR);
    await clock.advance(10_000);
    expect(await artifacts.keys()).toHaveLength(3);
  });
});

describe('chores', () => {
  it('are done every few seconds, and one that fails is done again', async () => {
    const { chores, clock, log } = await opened();
    let done = 0;
    chores.push(async () => {
      done += 1;
      if (done === 1) throw new Error('not now');
    });
    await clock.advance(30_000);
    expect(done).toBeGreaterThanOrEqual(6);
    expect(log.of('error')).toHaveLength(1);
  });
});
