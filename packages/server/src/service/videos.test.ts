import { describe, expect, it } from 'vitest';
import { pngHeader, pngSides } from '../../../../test/support/pictures.ts';
import { CALLER, createStage, OTHER, type Stage } from '../../../../test/support/stage.ts';
import { readWhole } from '../ports/artifacts.ts';
import { VARIANTS } from './content.ts';

const never = new AbortController().signal;

async function read(stage: Stage, ...[caller, id, variant]: Parameters<Stage['videos']['content']>): Promise<string> {
  const content = await stage.videos.content(caller, id, variant);
  return Buffer.from(await readWhole(await content.open(undefined, never))).toString('latin1');
}

describe('finding', () => {
  it('is the same answer for what is not there, not yours and no id', async () => {
    const { submit, videos } = createStage();
    const video = await submit();
    expect(await videos.find(CALLER, video.id)).toEqual(video);
    const answer = async (caller: typeof CALLER, id: string) =>
      videos.find(caller, id).catch((error: unknown) => error);
    const gone = video.id.replace('1', '7');
    for (const [caller, id] of [
      [OTHER, video.id],
      [CALLER, gone],
      [CALLER, 'nonsense'],
    ] as const) {
      expect(await answer(caller, id)).toMatchObject({
        code: 'not_found',
        param: 'id',
        message: `There is no video "${id}".`,
      });
    }
  });

  it('lists, cancels and deletes only what is yours', async () => {
    const { submit, videos, row } = createStage();
    const video = await submit();
    expect((await videos.list(OTHER, { limit: 10, order: 'desc' })).items).toEqual([]);
    await expect(videos.cancel(OTHER, video.id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(videos.delete(OTHER, video.id)).rejects.toMatchObject({ code: 'not_found' });
    for (const variant of VARIANTS) {
      await expect(videos.content(OTHER, video.id, variant)).rejects.toMatchObject({ code: 'not_found' });
    }
    expect(await row(video)).toEqual(video);
  });
});

describe('the place in the queue', () => {
  it('is told of queued videos only', async () => {
    const { backend, submit, running, videos, row, clock } = createStage({ slots: 1 });
    backend.usually = { do: 'hang' };
    await running();
    const all = [await submit()];
    for (let count = 0; count < 3; count += 1) {
      await clock.advance(100);
      all.push(await submit());
    }
    await clock.advance(1_000);
    const places = [];
    for (const video of all) places.push((await videos.place(await row(video)))?.position);
    expect(places).toEqual([undefined, 0, 1, 2]);
  });
});

describe('content', () => {
  it('is every file of a succeeded video', async () => {
    const stage = createStage();
    await stage.running();
    const video = await stage.submit();
    const done = await stage.until(video, 'succeeded');
    expect(await read(stage, CALLER, video.id, 'video')).toBe(`video.mp4 of ${video.id}.1`);
    expect(await read(stage, 'signed', video.id, 'thumbnail')).toBe(`thumbnail.webp of ${video.id}.1`);
    expect(await read(stage, CALLER, video.id, 'output_last_frame')).toBe(`last_frame.png of ${video.id}.1`);
    expect((await stage.videos.content(CALLER, video.id, 'video')).artifact).toEqual(done.result?.video);
    const part = await (await stage.videos.content(CALLER, video.id, 'video')).open({ start: 0, end: 4 }, never);
    expect(Buffer.from(await readWhole(part)).toString()).toBe('video');
  });

  it('is not ready before that, but the prepared frames are from queued on', async () => {
    const stage = createStage();
    stage.backend.usually = { do: 'hang' };
    const video = await stage.submit();
    const notReady = { code: 'video_not_ready', retryAfterMs: 2_000 };
    for (const variant of VARIANTS) {
      await expect(stage.videos.content(CALLER, video.id, variant)).rejects.toMatchObject(notReady);
    }
    await stage.running();
    await stage.until(video, 'running');
    await expect(stage.videos.content(CALLER, video.id, 'video')).rejects.toMatchObject(notReady);
    expect(await read(stage, CALLER, video.id, 'first_frame')).toContain('PNG');
    await stage.videos.cancel(CALLER, video.id);
    await expect(stage.videos.content(CALLER, video.id, 'video')).rejects.toMatchObject({
      code: 'no_content',
      message: 'The video has been cancelled and has no video.',
    });
    expect(await read(stage, CALLER, video.id, 'last_frame')).toContain('PNG');
  });

  it('is gone when its file is gone, whatever the row says', async () => {
    const stage = createStage();
    await stage.running();
    const video = await stage.submit();
    await stage.until(video, 'succeeded');
    const content = await stage.videos.content(CALLER, video.id, 'video');
    await stage.artifacts.removeAll(`videos/${video.id}/`);
    await expect(content.open(undefined, never)).rejects.toMatchObject({ code: 'content_expired' });
  });
});

describe('continuing a video', () => {
  async function finished() {
    const stage = createStage({ policy: { resultTtlMs: 3_600_000 } });
    await stage.running();
    const video = await stage.submit();
    const done = await stage.until(video, 'succeeded');
    // The scripted backend makes no pictures; the renderer's last frame is a PNG of the video's size.
    const key = done.result?.lastFrame?.key ?? '';
    await stage.artifacts.put(key, { bytes: pngHeader(1280, 720, 100, 7) }, 'image/png');
    return { ...stage, video, name: `${video.id}:output_last_frame` };
  }

  it('takes its last frame as the next first one, and the size stays', async () => {
    const { submit, until, state, name, video } = await finished();
    const next = await submit({ images: [name, 'sample_last'] });
    const input = state.inputs.get(next.id)?.get('first');
    expect(input && pngSides(input)).toEqual({ width: 1280, height: 720 });
    expect(input?.[99]).toBe(7);
    const [before, after] = [await until(video, 'succeeded'), await until(next, 'succeeded')];
    expect([after.prepared?.width, after.prepared?.height]).toEqual([before.prepared?.width, before.prepared?.height]);
    expect(after.warnings).toEqual([]);
  });

  it('is answered again under its idempotency key when that video is gone', async () => {
    const { submit, videos, name, video } = await finished();
    const ask = { images: [name, 'sample_last'], idempotencyKey: 'k' };
    const next = await submit(ask);
    await videos.delete(CALLER, video.id);
    expect((await submit(ask)).id).toBe(next.id);
    await expect(submit({ ...ask, images: ['sample_first', 'sample_last'] })).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    });
    await expect(submit({ ...ask, idempotencyKey: 'another' })).rejects.toMatchObject({ code: 'invalid_image' });
  });

  it('is the same ask as posting that frame, also at the same moment', async () => {
    const { submit, name, state } = await finished();
    const ways = [
      [name, 'sample_last'],
      [pngHeader(1280, 720, 100, 7), 'sample_last'],
      [name, 'sample_last'],
    ];
    const made = await Promise.all(ways.map((images) => submit({ images, idempotencyKey: 'k' })));
    for (const images of ways) made.push(await submit({ images, idempotencyKey: 'k' }));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect(state.videos.size).toBe(2);
  });

  it('does not need that video any more once it is accepted', async () => {
    const { submit, videos, until, name, video } = await finished();
    const next = await submit({ images: [name, 'sample_last'] });
    await videos.delete(CALLER, video.id);
    await until(next, 'succeeded');
  });

  it('is refused when that video is not yours, not finished, expired or deleted', async () => {
    const { submit, videos, clock, name, backend, video } = await finished();
    const refused = async (image: string, words: string, caller = CALLER) => {
      const answer = submit({ images: ['sample_first', image] }, caller);
      await expect(answer).rejects.toMatchObject({ code: 'invalid_image', param: 'images[1]' });
      await expect(answer).rejects.toThrow(words);
    };
    await refused(name, `there is no video ${video.id}`, OTHER);
    backend.usually = { do: 'hang' };
    const running = await submit();
    await refused(`${running.id}:output_last_frame`, 'only a succeeded video can be continued');
    await clock.leap(3_600_000);
    await clock.advance(10_000);
    await refused(name, 'have expired');
    await videos.delete(CALLER, video.id);
    await refused(name, 'there is no video');
  });
});
