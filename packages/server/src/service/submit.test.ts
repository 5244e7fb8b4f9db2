import { describe, expect, it } from 'vitest';
import { pngHeader } from '../../../../test/support/pictures.ts';
import { CALLER, createStage, OTHER, type Stage } from '../../../../test/support/stage.ts';
import { Fault } from '../domain/fault.ts';
import { MODELS } from '../domain/model.ts';

const MODEL = 'wan2.2-kf2v-flash';
const BIG = 256 * 1024;

const nothingIsStored = async ({ state, artifacts }: Stage) => {
  expect([state.videos.size, state.inputs.size, state.idempotency.size, state.events.length]).toEqual([0, 0, 0, 0]);
  expect(await artifacts.keys()).toEqual([]);
};

describe('submit', () => {
  it('makes a pending video of what was asked, and its pictures are durable with it', async () => {
    const { submit, state, events, clock, meter } = createStage();
    const video = await submit({
      generation: { model: MODEL, prompt: 'p', seed: 0, size: '480p', tags: { b: '2', a: '1' } },
    });
    expect(video).toMatchObject({
      status: 'pending',
      owner: 'default',
      backend: 'renderer',
      createdAt: clock.now(),
      generation: { seed: 0, size: '480P', tags: { a: '1', b: '2' }, seconds: 5, promptExtend: true },
      sources: { first: { kind: 'row', bytes: 64 }, last: { kind: 'row', bytes: 64 } },
    });
    expect(state.inputs.get(video.id)?.get('first')).toEqual(Uint8Array.from(pngHeader(1280, 720)));
    expect(events(video)).toEqual(['video.pending']);
    expect(meter.counted('inbetween_videos_created_total')).toBe(1);
  });

  it('draws a seed when none was sent', async () => {
    const { submit } = createStage();
    const first = await submit();
    const second = await submit();
    expect(first.generation.seed).not.toBe(second.generation.seed);
    expect(Number.isInteger(first.generation.seed)).toBe(true);
  });

  it.each([
    [[], '0 were sent'],
    [['sample_first'], '1 was sent'],
    [['sample_first', 'sample_last', 'sample_last'], '3 were sent'],
  ])('wants exactly two images: %j', async (images, words) => {
    const stage = createStage();
    await expect(stage.submit({ images })).rejects.toMatchObject({ code: 'invalid_request', param: 'images' });
    await expect(stage.submit({ images })).rejects.toThrow(words);
    await nothingIsStored(stage);
  });

  it.each([
    ['a URL that is not public', ['http://127.0.0.1/a.png', 'sample_last'], 'url_not_allowed', 'images[0]'],
    ['bytes that are no picture', ['sample_first', Buffer.from('<svg/>'.repeat(20))], 'invalid_image', 'images[1]'],
    ['a picture that is too small', [pngHeader(100, 100), 'sample_last'], 'invalid_image', 'images[0]'],
    ['too many bytes', ['sample_first', pngHeader(1280, 720, 10_000_001)], 'image_too_large', 'images[1]'],
    ['text that is nothing', ['nonsense', 'sample_last'], 'invalid_image', 'images[0]'],
    [
      'an unknown video',
      ['video_00000000000000000000000009:output_last_frame', 'sample_last'],
      'invalid_image',
      'images[0]',
    ],
  ])('refuses %s before anything is stored', async (_, images, code, param) => {
    const stage = createStage();
    const answer = stage.submit({ images });
    await expect(answer).rejects.toMatchObject({ code, param });
    await expect(answer).rejects.toThrow(param);
    await nothingIsStored(stage);
  });

  it('refuses a wrong ask before it looks at pictures', async () => {
    const stage = createStage();
    await expect(stage.submit({ generation: { model: 'sora' }, images: [] })).rejects.toMatchObject({
      code: 'unknown_model',
    });
    await expect(stage.submit({ generation: { model: MODELS[1]?.name ?? '', size: '480P' } })).rejects.toMatchObject({
      code: 'unsupported_size',
    });
  });

  it('names ignored fields, and says who makes the video when no model does', async () => {
    const { submit } = createStage({ capabilities: { generative: false } });
    const { warnings } = await submit({ unknownFields: ['fps', 'x'.repeat(500)] });
    expect(warnings.map(({ code }) => code)).toEqual(['unknown_field', 'built_in_renderer']);
    expect(warnings[0]?.message).toContain('fps');
    expect(warnings[0]?.message.length).toBeLessThan(200);
    expect((await createStage().submit()).warnings).toEqual([]);
  });
});

describe('big pictures', () => {
  const images = [pngHeader(1280, 720, BIG + 1), pngHeader(1280, 720, BIG)];

  it('go to the artifact store first, up to 256 KiB they stay with the row', async () => {
    const { submit, artifacts, state, running, until } = createStage();
    const video = await submit({ images });
    expect(video.sources).toMatchObject({
      first: { kind: 'artifact', bytes: BIG + 1, key: `videos/${video.id}/inputs/first` },
      last: { kind: 'row', bytes: BIG },
    });
    expect(await artifacts.keys()).toEqual([`videos/${video.id}/inputs/first`]);
    expect([...(state.inputs.get(video.id)?.keys() ?? [])]).toEqual(['last']);
    await running();
    await until(video, 'succeeded');
    expect((await artifacts.keys()).filter((key) => key.includes('/inputs/'))).toEqual([]);
    expect(state.inputs.size).toBe(0);
  });

  it('of a replayed ask are not stored twice', async () => {
    const { submit, artifacts } = createStage();
    const video = await submit({ images, idempotencyKey: 'k' });
    expect((await submit({ images, idempotencyKey: 'k' })).id).toBe(video.id);
    expect(await artifacts.keys()).toEqual([`videos/${video.id}/inputs/first`]);
  });

  it('of asks at the same time under one key: one video, and only its files', async () => {
    const { submit, artifacts, state } = createStage();
    const answers = await Promise.all(Array.from({ length: 20 }, () => submit({ images, idempotencyKey: 'k' })));
    const ids = new Set(answers.map(({ id }) => id));
    expect([ids.size, state.videos.size]).toEqual([1, 1]);
    expect(await artifacts.keys()).toEqual([`videos/${answers[0]?.id}/inputs/first`]);
  });

  it('that find no room leave nothing behind, also when the first one did', async () => {
    const both = [pngHeader(1280, 720, BIG + 1), pngHeader(1280, 720, BIG + 1)];
    const stage = createStage({ artifacts: { capacityBytes: BIG * 1.5 } });
    await expect(stage.submit({ images: both })).rejects.toMatchObject({ code: 'storage_full' });
    await nothingIsStored(stage);
  });

  it('are taken back when the store refuses the row', async () => {
    const stage = createStage();
    stage.store.videos.insert = () => Promise.reject(new Error('the disk is full'));
    await expect(stage.submit({ images })).rejects.toThrow('the disk is full');
    await nothingIsStored(stage);
  });

  it('stay when the answer of the store was lost, because the row may be there', async () => {
    const stage = createStage();
    const { insert } = stage.store.videos;
    stage.store.videos.insert = async (...args) => {
      await insert(...args);
      throw new Fault('storage_unavailable', 'The database does not answer.');
    };
    await expect(stage.submit({ images })).rejects.toThrow('does not answer');
    expect(stage.state.videos.size).toBe(1);
    expect(await stage.artifacts.keys()).toHaveLength(1);
  });
});

describe('an idempotency key', () => {
  const ask = { idempotencyKey: 'order-66' };

  it('gives the same video for the same ask, as it is now, and makes nothing new', async () => {
    const { videos, ask: full, running, until, state, meter } = createStage();
    const { video } = await videos.submit(CALLER, full(ask));
    await running();
    await until(video, 'succeeded');
    const again = await videos.submit(CALLER, full(ask));
    expect(again).toMatchObject({ replayed: true, video: { id: video.id, status: 'succeeded' } });
    expect([state.videos.size, meter.counted('inbetween_videos_created_total')]).toEqual([1, 1]);
  });

  it('compares the ask after defaults and before a seed is drawn, and posted pictures by what they hold', async () => {
    const { submit } = createStage();
    const plain = { model: MODEL, prompt: 'p' };
    const video = await submit({ ...ask, generation: plain });
    const spelt = {
      ...plain,
      seconds: 5,
      size: '720p',
      promptExtend: true,
      watermark: false,
      negativePrompt: '',
      tags: {},
    };
    const images = [`data:image/png;base64,${pngHeader(1280, 720).toString('base64')}`, pngHeader(720, 720)];
    expect((await submit({ ...ask, generation: spelt, images })).id).toBe(video.id);
  });

  it.each([
    ['prompt', { generation: { model: MODEL, prompt: 'another' } }],
    ['seed', { generation: { model: MODEL, prompt: 'a kitten looks up', seed: 1 } }],
    ['tags', { generation: { model: MODEL, prompt: 'a kitten looks up', tags: { a: 'b' } } }],
    ['frames', { images: [pngHeader(1280, 720, 65), pngHeader(720, 720)] }],
    ['order of frames', { images: [pngHeader(720, 720), pngHeader(1280, 720)] }],
  ])('is refused for another %s, and nothing is stored', async (_, changes) => {
    const { submit, state } = createStage();
    await submit(ask);
    await expect(submit({ ...ask, ...changes })).rejects.toMatchObject({
      code: 'idempotency_mismatch',
      kind: 'mismatch',
    });
    expect(state.videos.size).toBe(1);
  });

  it('holds in a race: of many asks at once one makes the video', async () => {
    const { videos, ask: full, state, events } = createStage();
    const answers = await Promise.all(Array.from({ length: 200 }, () => videos.submit(CALLER, full(ask))));
    expect(new Set(answers.map(({ video }) => video.id)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(state.videos.size).toBe(1);
    expect(answers[0] && events(answers[0].video)).toEqual(['video.pending']);
  });

  it('holds in a race of different asks too: all but one are told', async () => {
    const { submit, state } = createStage();
    const asks = ['a', 'b', 'c'].map((prompt) => submit({ ...ask, generation: { model: MODEL, prompt } }));
    const codes = (await Promise.allSettled(asks)).map((answer) =>
      answer.status === 'fulfilled' ? 'made' : answer.reason.code,
    );
    expect(codes.toSorted()).toEqual(['idempotency_mismatch', 'idempotency_mismatch', 'made']);
    expect(state.videos.size).toBe(1);
  });

  it('belongs to its owner', async () => {
    const { submit, state } = createStage();
    const mine = await submit(ask);
    expect((await submit(ask, OTHER)).id).not.toBe(mine.id);
    expect(state.videos.size).toBe(2);
  });

  it('is not used up by an ask that was refused', async () => {
    const { submit } = createStage();
    await expect(submit({ ...ask, images: ['nonsense', 'sample_last'] })).rejects.toMatchObject({
      code: 'invalid_image',
    });
    expect((await submit(ask)).status).toBe('pending');
  });

  it('answers a repeated ask also when there is no room for a new one', async () => {
    let free = 1_000_000;
    const stage = createStage({ reserveBytes: 1_000 });
    stage.artifacts.freeBytes = async () => free;
    const video = await stage.submit(ask);
    free = 0;
    await stage.clock.advance(5_000);
    expect((await stage.submit(ask)).id).toBe(video.id);
    await expect(stage.submit()).rejects.toMatchObject({ code: 'storage_full' });
  });

  it.each(['', 'x'.repeat(256), 'a\nb', 'ü', '\u007f'])(
    'must be 1 to 255 printable characters, not %j',
    async (idempotencyKey) => {
      const stage = createStage();
      await expect(stage.submit({ idempotencyKey })).rejects.toMatchObject({
        code: 'invalid_request',
        param: 'Idempotency-Key',
      });
      await nothingIsStored(stage);
    },
  );

  it.each(['x', ' ', 'x'.repeat(255)])('may be %j', async (idempotencyKey) => {
    expect((await createStage().submit({ idempotencyKey })).status).toBe('pending');
  });
});

describe('room', () => {
  it('is looked at before a video is accepted', async () => {
    let free: number | undefined = 999;
    const stage = createStage({ reserveBytes: 1_000 });
    stage.artifacts.freeBytes = async () => free;
    await expect(stage.submit()).rejects.toMatchObject({ code: 'storage_full', retryAfterMs: 60_000 });
    await nothingIsStored(stage);
    free = 1_000;
    await stage.clock.advance(2_001);
    expect((await stage.submit()).status).toBe('pending');
    free = undefined;
    await stage.clock.advance(2_001);
    expect((await stage.submit()).status).toBe('pending');
  });

  it('is looked at for each of many first asks that come at once', async () => {
    const stage = createStage({ reserveBytes: 1_000 });
    stage.artifacts.freeBytes = async () => 0;
    const answers = await Promise.allSettled([stage.submit(), stage.submit(), stage.submit()]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await nothingIsStored(stage);
  });
});
