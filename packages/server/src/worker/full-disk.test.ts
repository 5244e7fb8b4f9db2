import { describe, expect, it } from 'vitest';
import { createStage, type StageOptions } from '../../../../test/support/stage.ts';
import { Fault } from '../domain/fault.ts';

/** The disk fills up while videos are made. */

async function opened(options: StageOptions = {}) {
  const stage = createStage(options);
  const { put } = stage.artifacts;
  let full: (key: string) => boolean = () => false;
  stage.artifacts.put = async (key, source, type, signal) => {
    // As a real disk does: something was written, then there was no room for the rest.
    if (full(key)) throw new Fault('storage_full', 'The disk of this server is full. Try again later.');
    return put(key, source, type, signal);
  };
  await stage.running();
  return { ...stage, fill: (keys: (key: string) => boolean) => (full = keys) };
}

const ends = (events: readonly string[]) => events.filter((event) => /succeeded|failed|cancelled/.test(event));

describe('a full disk', () => {
  it('while a video is stored: it is tried again, and made when there is room', async () => {
    const { fill, submit, until, events, state, artifacts, clock, row } = await opened();
    fill((key) => key.endsWith('.mp4'));
    const video = await submit();
    await clock.advance(3_000);
    expect(await row(video)).toMatchObject({ status: 'running', phase: 'retrying', tries: { faults: 2 } });
    fill(() => false);
    const done = await until(video, 'succeeded', 10_000);
    expect(done.attempt?.number).toBe(3);
    expect(ends(events(video))).toEqual(['video.succeeded']);
    expect(state.slots.size).toBe(0);
    expect((await artifacts.keys(`videos/${video.id}/`)).filter((key) => key.endsWith('.mp4'))).toEqual([
      `videos/${video.id}/3/video.mp4`,
    ]);
  });

  it('that stays full: one end, with its reason, and nothing is left', async () => {
    const { fill, submit, until, events, state, artifacts, files, backend } = await opened();
    fill((key) => key.endsWith('.mp4') || key.endsWith('last_frame.png'));
    const video = await submit();
    const done = await until(video, 'failed', 30_000);
    expect(done.failure?.code).toBe('storage_full');
    expect(ends(events(video))).toEqual(['video.failed']);
    expect([state.slots.size, files.size, backend.running]).toEqual([0, 0, 0]);
    expect(await artifacts.keys(`videos/${video.id}/`)).toEqual([
      `videos/${video.id}/frames/first.png`,
      `videos/${video.id}/frames/last.png`,
    ]);
  });

  it('while a paid result is stored: it waits for room as long as that takes, and is paid once', async () => {
    const { fill, submit, until, clock, row, backend } = await opened({
      remote: true,
      capabilities: { billed: true },
      policy: { runningDeadlineMs: { renderer: 6 * 3_600_000 } },
    });
    backend.usually = { do: 'operation', ms: 2_000 };
    fill((key) => key.endsWith('.mp4'));
    const video = await submit();
    await clock.advance(30 * 60_000);
    expect(await row(video)).toMatchObject({ status: 'running', tries: { begun: 1, faults: 0 } });
    fill(() => false);
    await until(video, 'succeeded', 120_000);
    expect([backend.operations, backend.peer.length]).toEqual([1, 1]);
  });

  it('while only some of the files find room: what was stored of the attempt that lost is swept', async () => {
    const { fill, submit, until, artifacts, clock } = await opened();
    let tries = 0;
    fill((key) => {
      if (!key.endsWith('last_frame.png')) return false;
      tries += 1;
      return tries === 1;
    });
    const video = await submit();
    await until(video, 'succeeded', 10_000);
    expect((await artifacts.keys(`videos/${video.id}/1/`)).length).toBeGreaterThan(0);
    await clock.leap(2 * 3_600_000);
    await clock.advance(10_000);
    expect(await artifacts.keys(`videos/${video.id}/1/`)).toEqual([]);
    expect(await artifacts.keys(`videos/${video.id}/2/`)).toHaveLength(3);
  });

  it('while frames are prepared: the same, and a posted picture is kept meanwhile', async () => {
    const { fill, submit, until, state, clock, row } = await opened();
    fill((key) => key.includes('/frames/'));
    const video = await submit();
    await clock.advance(1_000);
    expect(await row(video)).toMatchObject({ status: 'pending', tries: { faults: 1 } });
    expect(state.inputs.size).toBe(1);
    fill(() => false);
    await until(video, 'succeeded', 10_000);
  });

  it('before a video is accepted: 507, and nothing is stored', async () => {
    const { submit, state, artifacts } = createStage({ artifacts: { capacityBytes: 1_000 }, reserveBytes: 2_000 });
    await expect(submit()).rejects.toMatchObject({ code: 'storage_full', kind: 'storage_full' });
    expect(state.videos.size).toBe(0);
    expect(await artifacts.keys()).toEqual([]);
  });
});
